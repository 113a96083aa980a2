"""`gongshu init`: a node's folder, its keys, its database, and the first organisation."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from rich.console import Console

from gongshu.ledger.notes import Signer
from gongshu.vocabulary.errors import Conflict, NotPermitted
from gongshu.vocabulary.permissions import ADMIN_DUTIES, EVERYTHING, POST_DUTIES
from gongshu_server.accounts import actions, logins
from gongshu_server.accounts.actors import node
from gongshu_server.accounts.models import Holding, Organisation
from gongshu_server.journal import clock, sealing
from gongshu_server.journal.models import Head
from gongshu_server.secrets_folder import make_once
from gongshu_server.upkeep import databases, upgrading

FIRST_LOGIN = "admin"


def prepare(*, demo: bool) -> None:
    """Make the ledger key, migrate the database and set its one head row.

    A demo is a property of the database made here; it can never be converted. Killed at any
    moment, it can be run again. Raises Conflict for a database of another version.
    """
    refuse_upgrade()
    home = Path(settings.HOME)
    fresh = Signer.generate(settings.LEDGER_ORIGIN)
    make_once(home / "keys" / sealing.KEY_FILE, f"{fresh.secret}\n".encode("ascii"))
    make_once(home / "ledger.vkey", f"{sealing.signer().verifier.vkey}\n".encode("ascii"))
    (home / "ledger.vkey").chmod(0o644)
    # One transaction: Django notes a migration only after it has committed it, and could not take
    # up again what a crash has left in between.
    with connection.constraint_checks_disabled(), transaction.atomic():
        call_command("migrate", verbosity=0)
        Head.objects.get_or_create(pk=1, defaults={"demo": demo})


def refuse_upgrade() -> None:
    """Raise Conflict for a database that another version has made: founding is no upgrade."""
    if databases.migrations():
        upgrading.refuse_other_version()


def refuse_demo(host: str) -> None:
    """Raise NotPermitted for a demo: its keys and its clock are not fit for other machines."""
    if Head.objects.filter(pk=1, demo=True).exists():
        raise NotPermitted(
            f"演示节点只能在本机访问，不能监听 {host}。请去掉 --host；"
            "正式使用请用 gongshu init 新建节点。",
            code="demo_is_local",
        )


def initialise(*, name: str, person: str, console: Console) -> None:
    """Make a new node with its data authority, its head and three administrators.

    Raises Conflict when the folder already holds a node with organisations.
    """
    prepare(demo=False)
    if Organisation.objects.exists():
        raise Conflict("这个目录里已有节点，不会覆盖。请换一个目录。", code="node_exists")
    at = clock.now()
    with transaction.atomic():  # A node with an authority whose key nobody has seen is of no use.
        begun = [_begin(holding, login, at=at) for holding, login in _posts(name, person, at=at)]
    sealing.seal_all(at=at)
    console.print(f"节点已建好：{settings.HOME}")
    console.print("以下凭证和链接只显示这一次，请分别交给本人：")
    for title, key, link in begun:
        console.print(f"{title}：[bold]{key.clear}[/bold]", highlight=False, soft_wrap=True)
        _say_link(link, console)
    console.print(
        f"验证存证日志用的公钥：{Path(settings.HOME) / 'ledger.vkey'}，请另存一份到别处。"
    )
    console.print("下一步：gongshu serve")


def _posts(name: str, person: str, *, at: datetime) -> list[tuple[Holding, str]]:
    """Fill the first posts: the authority's head, and three administrators, four people in all."""
    authority = actions.found(
        name=name, short_name=name, roles=("data_authority",), by=node(), at=at
    )
    wanted: list[tuple[str, tuple[str, ...], str, str]] = [
        ("负责人", ("handler", "head"), person, FIRST_LOGIN)
    ]
    wanted += [(POST_DUTIES[one], (one,), POST_DUTIES[one], one) for one in ADMIN_DUTIES]
    return [
        (
            actions.appoint(
                organisation_id=authority.pk,
                title=title,
                duties=duties,
                person_name=who,
                by=node(),
                at=at,
            ),
            login,
        )
        for title, duties, who, login in wanted
    ]


def _begin(
    holding: Holding, login: str, *, at: datetime
) -> tuple[str, actions.NewKey, logins.PasswordLink]:
    """Give the holder of a first post a key, a login and a link to set its password."""
    key = actions.issue_key(
        label="首个凭证",
        person_id=holding.person_id,
        post_id=holding.post_id,
        scopes=(EVERYTHING,),
        by=node(),
        at=at,
    )
    logins.open_login(person_id=holding.person_id, username=login, by=node(), at=at)
    link = logins.give_password_link(person_id=holding.person_id, by=node(), at=at)
    return holding.post.title, key, link


def password_link(*, person_id: str, username: str, console: Console) -> None:
    """Print a one-time link with which the person sets a password, opening a login if named.

    Raises NotFound for a person without a login, Invalid, Conflict.
    """
    at = clock.now()
    if username:
        logins.open_login(person_id=person_id, username=username, by=node(), at=at)
    _say_link(logins.give_password_link(person_id=person_id, by=node(), at=at), console)


def _say_link(link: logins.PasswordLink, console: Console) -> None:
    console.print(f"登录名：{link.username}。口令设置链接（一天内有效，只能用一次）：")
    console.print(f"{settings.ADDRESS}{link.path}", highlight=False, soft_wrap=True)


def first_key(*, post_id: str, person_id: str, label: str, console: Console) -> None:
    """Issue a key to the holder of a post, as the node itself; it is journalled like any other.

    For organisations whose first person has none yet: no person may issue a key with duties that
    they lack, so only whoever runs the node can begin. Raises NotFound, Invalid.
    """
    at = clock.now()
    key = actions.issue_key(
        label=label,
        person_id=person_id,
        post_id=post_id,
        scopes=(EVERYTHING,),
        by=node(),
        at=at,
    )
    console.print(f"凭证（只显示这一次）：[bold]{key.clear}[/bold]", highlight=False)
