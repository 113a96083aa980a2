"""Proof: offline, with a key from elsewhere; one flipped byte is found; SQL has no effect."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

from django.db import connection

from gongshu.ledger.commitments import commit
from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.notes import Verifier
from gongshu.ledger.proofs import leaf_hash
from gongshu.ledger.receipts import verify_receipt
from gongshu.ledger.verify import verify_folder
from gongshu_server.accounts.actors import node
from gongshu_server.delivery import database_source
from gongshu_server.demo.node import ServingNode
from gongshu_server.demo.scenes.delivery import set_clock, verify
from gongshu_server.demo.stage import Scene, Stage, assure
from gongshu_server.journal import sealing
from gongshu_server.journal.models import Entry
from gongshu_server.usage import collecting
from gongshu_server.usage.models import Alarm, GrantRow
from gongshu_server.usage.receipts import use_receipt

FLIPS = 12
NO_SALT = b"\0" * 32


def _gongshu(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "gongshu_server.commands", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)  # noqa: S603 - our interpreter
    return done.returncode, done.stdout + done.stderr


def offline(stage: Stage) -> str:
    """The whole ledger verifies with files and a key; each flipped byte is found and located."""
    collecting.collect(by=node(), at=stage.time.minutes(1))
    size = sealing.seal_all(at=stage.time.at) and Entry.objects.count()
    key = stage.home / "ledger.vkey"
    folder = stage.home / "ledger"
    status, said = _gongshu("ledger", "verify", str(folder), "--key", str(key))
    assure(status == 3 and "未见证" in said, f"应通过并以 3 结束，实际 {status}：{said}")
    copy = stage.home / "flipped"
    dice = random.Random(7)  # noqa: S311 - which byte is flipped need not be secret
    files = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    for name in dice.sample(files, min(FLIPS, len(files))):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        _flip(copy / name, dice)
        report = verify_folder(copy, Verifier.parse(key.read_text().strip()))
        located = any(name.as_posix() == fault.path for fault in report.faults)
        assure(report.exit_code == 1 and located, f"{name} 的一个字节被改而没有定位")
    shutil.rmtree(copy)
    return (
        f"{size} 个条目逐字节通过，未经见证；随机改动 {min(FLIPS, len(files))} 个字节全部发现并定位"
    )


def _flip(path: Path, dice: random.Random) -> None:
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path.write_bytes(data)


def receipt(stage: Stage) -> str:
    """A receipt of one call verifies with its opening; a flipped byte in it is found."""
    file = stage.home / "receipt.json"
    key = str(stage.home / "ledger.vkey")
    file.write_bytes(use_receipt(stage.ids["receipt"], party=stage.organisation("insurer")))
    status, said = _gongshu("ledger", "receipt", str(file), "--key", key)
    assure(status == 3 and "回执有效" in said, f"回执应有效，实际 {status}：{said}")
    verifier = Verifier.parse((stage.home / "ledger.vkey").read_text().strip())
    dice = random.Random(11)  # noqa: S311 - see above
    for _ in range(FLIPS):
        flipped = stage.home / "receipt-flipped.json"
        flipped.write_bytes(file.read_bytes())
        _flip(flipped, dice)
        assure(_damaged(flipped, verifier), "改动一个字节的回执没有被发现")
        flipped.unlink()
    return f"回执 {stage.ids['receipt']} 连同内容离线验证通过；改动 {FLIPS} 次全部发现"


def _damaged(file: Path, verifier: Verifier) -> bool:
    try:
        verify_receipt(file.read_bytes(), verifier)
    except LedgerFault:
        return True
    return False


def tampering(stage: Stage) -> str:
    """A grant's quota edited by SQL changes nothing on running hosts and is refused afterwards."""
    grant = stage.ids["grant.emergency.verification"]
    before = GrantRow.objects.get(pk=grant).body
    subject = stage.facts["subjects"]["licensed"].id
    with ServingNode(stage.home) as server:
        set_clock(stage)
        # First to less than is used already: a host that took that up would refuse the call.
        for amount in (1, 999_999_999):
            _by_sql(grant, _with_quota(before, amount))
            running = verify(stage, server, subject, key="emergency.verification")
            assure(running.status == 200, f"运行中的主机不应受影响：{running.body}")
    found = database_source.compile_all(at=stage.time.minutes(1))
    alarms = Alarm.objects.filter(object_id=grant, closed_at__isnull=True)
    assure(found == 1 and alarms.exists(), "下一次编译没有发现并告警")
    with ServingNode(stage.home) as server:
        restarted = verify(stage, server, subject, key="emergency.verification")
        assure(restarted.status == 404, f"重启后应停用该许可，实际 {restarted.status}")
    _by_sql(grant, before)
    alarms.update(closed_at=stage.time.at)
    return "额度改大后：运行中的主机不受影响；下一次编译拒绝并告警；重启后停用"


def _with_quota(body: str, amount: int) -> str:
    said = json.loads(body)
    said["quota"]["amount"] = amount
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _by_sql(grant: str, body: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE usage_grantrow SET body = %s WHERE id = %s", [body, grant])


def unlinkable(stage: Stage) -> str:
    """No public leaf can be matched with an identifier or with an unsalted body."""
    store = sealing.open_store()
    entries = set(store.entries(0, store.size))
    leaves = entries | {leaf_hash(entry) for entry in entries}
    ids = {*stage.city.uscc, *stage.city.resident_ids}
    hits = guessed(ids, leaves)
    for kind, body in Entry.objects.exclude(body=None).values_list("event", "body"):
        hits += recognised(kind, (body or "").encode(), leaves)
    assure(hits == 0, f"有 {hits} 个公开叶子可以被猜中")
    return f"{len(ids)} 个证件号码、信用代码与 {len(entries)} 个公开条目逐一比对，无一可以对上"


def recognised(kind: str, body: bytes, leaves: set[bytes]) -> bool:
    """Tell whether a body can be found in leaves by somebody who does not know its salt."""
    tries = (hashlib.sha256(body).digest(), leaf_hash(body), commit(kind, NO_SALT, body))
    return any(digest in leaves for digest in tries)


def guessed(ids: set[str], leaves: set[bytes]) -> int:
    """Return how many identifiers can be found in leaves by hashing them without a salt."""
    return sum(
        1
        for one in ids
        for data in (one.encode(),)
        if hashlib.sha256(data).digest() in leaves or leaf_hash(data) in leaves
    )


SCENES = (
    Scene(
        "存证：离线验证，一个字节也改不了",
        ("opinions-16.1", "opinions-17.2"),
        "通过并提示未经见证；改动被发现并定位",
        offline,
    ),
    Scene("存证：一次调用的回执", ("opinions-4.5",), "连同内容验证通过；改动被发现", receipt),
    Scene(
        "存证：绕过平台改数据库",
        ("opinions-13.2", "27-21"),
        "运行中的主机不受影响，随后拒绝并告警",
        tampering,
    ),
    Scene("存证：公开日志认不出任何人", ("opinions-16.1",), "无一可以对上", unlinkable),
)
