"""Uploads: in chunks, on where they stopped, refused in words, and never read as a whole."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser.stage import TOKEN, Asked, Reply, Stage

CHUNK = 64 * 1024
ZONE = """<h1>报送数据</h1><form method="post" action="/done/" data-unguarded>
<div class="drop" data-upload="/uploads/" data-kind="resource" data-target="01RES">
<label for="file">数据文件</label><input type="file" id="file" required>
<input type="hidden" name="upload"></div></form>"""


class Node:
    """The node's side: keeps what arrives, breaks off when it is told to."""

    def __init__(self, stage: Stage, chunk: int = CHUNK) -> None:
        """Answer the addresses of uploads on the stage."""
        self.stage, self.chunk = stage, chunk
        self.body, self.announced = bytearray(), dict[str, Any]()
        self.cuts: set[int] = set()
        self.patches = 0
        stage.answer("POST", "/uploads/", self.announce)
        stage.answer("GET", "/uploads/U1/", lambda _: self.where())
        stage.answer("PATCH", "/uploads/U1/", self.append)
        stage.answer("DELETE", "/uploads/U1/", lambda _: Reply(204))
        stage.answer(
            "POST", "/uploads/U1/finish/", lambda _: Reply.of({"id": "F1", "name": "x"}, 202)
        )

    def where(self, status: int = 200) -> Reply:
        """Say how far the upload has come."""
        return Reply.of({"id": "U1", "offset": len(self.body), "chunk": self.chunk}, status)

    def announce(self, asked: Asked) -> Reply:
        """Begin an upload."""
        self.announced = json.loads(asked.body)
        self.body.clear()
        return self.where(201)

    def append(self, asked: Asked) -> Reply:
        """Accept a chunk at the offset that it names, or break off."""
        self.patches += 1
        assert asked.headers["X-CSRFToken"] == TOKEN
        if self.patches in self.cuts:
            return Reply(cut=True)
        if int(asked.headers["Upload-Offset"]) != len(self.body):
            return Reply.of({"code": "wrong_offset", "offset": len(self.body)}, 409)
        self.body += asked.body
        return Reply.of({"offset": len(self.body)})


@pytest.fixture
def node(stage: Stage) -> Node:
    """Return the node's side of the stage."""
    return Node(stage)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file of ten chunks and a bit."""
    path = tmp_path / "参保<b>登记.csv"
    path.write_bytes(bytes(n % 251 for n in range(10 * CHUNK + 17)))
    return path


def choose(page: Page, path: Path) -> None:
    """Choose the file as a person does."""
    page.get_by_label("数据文件").set_input_files(path)


def state(page: Page, sentence: str) -> None:
    """Wait until the card says so."""
    expect(page.locator(".upload [role=status]")).to_have_text(sentence)


def only_breaks(stage: Stage) -> None:
    """Forget what the browser itself reported of broken lines; anything else stays a fault."""
    broken = ("ERR_EMPTY_RESPONSE", "404", "409", "422", "ERR_CONNECTION")
    stage.faults[:] = [f for f in stage.faults if not any(word in f for word in broken)]


def test_a_file_arrives_whole(stage: Stage, node: Node, file: Path) -> None:
    """Announced with kind, target, size and digest; every byte is there; the form gets the id."""
    page = stage.show(ZONE)
    choose(page, file)
    state(page, "已上传完毕。")
    assert bytes(node.body) == file.read_bytes()
    assert node.announced == {
        "kind": "resource",
        "target_id": "01RES",
        "name": file.name,
        "size": file.stat().st_size,
        "digest": hashlib.sha256(file.read_bytes()).hexdigest(),
    }
    assert node.patches == 11
    assert page.locator("input[name=upload]").evaluate("field => field.value") == "F1"
    expect(page.locator(".upload-name")).to_contain_text(file.name)
    assert page.locator("progress").evaluate("bar => bar.value / bar.max") == 1


def test_a_broken_line_is_gone_on_with(stage: Stage, node: Node, file: Path) -> None:
    """After a break the node's own offset is asked for, and nothing is sent twice in the file."""
    node.cuts = {3, 7}
    page = stage.show(ZONE)
    choose(page, file)
    state(page, "连接中断，恢复后自动继续，已传的部分不会丢失。")
    state(page, "已上传完毕。")
    assert bytes(node.body) == file.read_bytes()
    assert len(stage.requests("POST", "/uploads/")) == 1
    only_breaks(stage)


def test_after_a_reload_the_same_file_goes_on(stage: Stage, node: Node, file: Path) -> None:
    """The browser remembers the upload by a number; choosing the file again goes on."""
    node.cuts = set(range(4, 1000))
    page = stage.show(ZONE)
    choose(page, file)
    state(page, "连接中断，恢复后自动继续，已传的部分不会丢失。")
    stored = page.evaluate("JSON.stringify(localStorage)")
    assert file.stem not in stored
    assert "U1" in stored
    node.cuts = set()
    page.reload()
    stage.ready()
    choose(page, file)
    state(page, "已上传完毕。")
    assert bytes(node.body) == file.read_bytes()
    assert len(stage.requests("POST", "/uploads/")) == 1
    assert page.evaluate("localStorage.length") == 0
    only_breaks(stage)


def test_an_upload_that_is_gone_is_begun_anew(stage: Stage, node: Node, file: Path) -> None:
    """What the node has cleared away is sent from the start."""
    node.cuts = set(range(4, 1000))
    page = stage.show(ZONE)
    choose(page, file)
    state(page, "连接中断，恢复后自动继续，已传的部分不会丢失。")
    node.cuts = set()
    stage.answer("GET", "/uploads/U1/", lambda _: Reply.of({}, 404))
    state(page, "已上传完毕。")
    assert bytes(node.body) == file.read_bytes()
    assert len(stage.requests("POST", "/uploads/")) == 2
    only_breaks(stage)


def test_gone_on_with_at_once_and_cancelled(stage: Stage, node: Node, file: Path) -> None:
    """A click goes on without waiting; cancelling tells the node."""
    page = stage.show(ZONE)
    node.cuts = set(range(4, 1000))
    choose(page, file)
    state(page, "连接中断，恢复后自动继续，已传的部分不会丢失。")
    node.cuts = set()
    page.get_by_role("button", name="继续").click()
    state(page, "已上传完毕。")
    assert bytes(node.body) == file.read_bytes()
    node.cuts = set(range(1, 1000))
    choose(page, file)
    page.get_by_role("button", name="取消上传").click()
    state(page, "已取消上传，可以重新选择文件。")
    assert len(stage.requests("DELETE", "/uploads/U1/")) == 1
    only_breaks(stage)


def test_a_refusal_is_said_in_the_nodes_words(stage: Stage, node: Node, file: Path) -> None:
    """A file of the wrong kind is refused by the node, and the sentence is shown as text."""
    said = "只接受 CSV 和 XLSX，请<b>另存</b>后再试。"
    stage.answer("POST", "/uploads/", lambda _: Reply.of({"sentence": said}, 422))
    page = stage.show(ZONE)
    choose(page, file)
    state(page, said)
    only_breaks(stage)


def test_two_gigabytes_are_never_read_as_a_whole(stage: Stage, tmp_path: Path) -> None:
    """Only slices leave the file: the node takes the first, has the middle, and gets the end."""
    size = 2 * 1024**3
    path = tmp_path / "大.csv"
    with path.open("wb") as sparse:
        sparse.truncate(size)
    node = Node(stage)
    lengths: list[int] = []

    def jumping(asked: Asked) -> Reply:
        lengths.append(len(asked.body))
        first = asked.headers["Upload-Offset"] == "0"
        return Reply.of({"offset": size - 10 if first else size})

    stage.answer("PATCH", "/uploads/U1/", jumping)
    page = stage.show(ZONE)
    choose(page, path)
    state(page, "已上传完毕。")
    assert lengths == [CHUNK, 10]
    assert node.announced["size"] == size
    assert node.announced["digest"] == ""


def test_empty_files_and_several_are_refused_before_anything_is_sent(
    stage: Stage, node: Node, tmp_path: Path
) -> None:
    """Both are said beside the field."""
    path = tmp_path / "空.csv"
    path.touch()
    page = stage.show(ZONE)
    choose(page, path)
    expect(page.get_by_role("alert")).to_have_text("这个文件是空的，请检查后重新选择。")
    assert stage.requests("POST", "/uploads/") == []


def test_a_paused_upload_waits(stage: Stage, node: Node, file: Path) -> None:
    """Pause stops the chunk on its way and keeps what has arrived; going on finishes."""
    held, enough = threading.Event(), threading.Event()

    def holding(asked: Asked) -> Reply:
        if node.patches == 2 and not enough.is_set():
            held.set()
            assert enough.wait(10)
            return Reply(cut=True)
        return node.append(asked)

    stage.answer("PATCH", "/uploads/U1/", holding)
    page = stage.show(ZONE)
    choose(page, file)
    assert held.wait(10)
    page.get_by_role("button", name="暂停").click()
    state(page, "已暂停，已传的部分不会丢失。")
    enough.set()
    page.get_by_role("button", name="继续").click()
    state(page, "已上传完毕。")
    assert bytes(node.body) == file.read_bytes()
    only_breaks(stage)


def test_a_form_of_its_own_sends_with_its_button_and_leads_on(
    stage: Stage, node: Node, file: Path
) -> None:
    """Choosing sends nothing; the button does, and the page goes to what the file became."""
    stage.answer("GET", "/received/F1/", {})
    page = stage.show(
        '<form method="post" class="drop" data-upload data-kind="resource" data-target="01RES" '
        'data-then="/received/UPLOADED/"><label for="file">数据文件</label>'
        '<input type="file" id="file"><button class="btn">报送</button></form>'
    )
    choose(page, file)
    assert stage.requests("POST", "/uploads/") == []
    page.get_by_role("button", name="报送").click()
    page.wait_for_url("**/received/F1/")
    assert bytes(node.body) == file.read_bytes()


def test_a_wrong_offset_is_put_right_at_once(stage: Stage, node: Node, file: Path) -> None:
    """Where the node has more than the page knows of, sending goes on from the node's offset."""

    def forgetful(asked: Asked) -> Reply:
        reply = node.append(asked)
        return Reply.of({"offset": CHUNK}) if node.patches == 2 else reply

    stage.answer("PATCH", "/uploads/U1/", forgetful)
    page = stage.show(ZONE)
    choose(page, file)
    state(page, "已上传完毕。")
    assert bytes(node.body) == file.read_bytes()
    assert stage.requests("GET", "/uploads/U1/") == []
    only_breaks(stage)
