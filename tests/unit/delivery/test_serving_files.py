"""Serving files are written once and read only; subjects have one spelling; imports stay small."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.vocabulary.errors import Conflict, Invalid, Unavailable
from gongshu.vocabulary.identifiers import (
    canonical_citizen_id,
    canonical_uscc,
    citizen_id_check_character,
    uscc_check_character,
)
from gongshu_server.accounts.digests import authorisation_mac, key_digest, subject_commitment
from gongshu_server.delivery import serving
from gongshu_server.delivery.commits import GroupCommit
from gongshu_server.usage import subjects

HEAVY = ("pyarrow", "duckdb", "django", "numpy", "deltalake", "sqlglot")


def test_a_serving_process_imports_nothing_heavy() -> None:
    script = f"import sys, gongshu_server.delivery; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_file_is_written_once_and_cannot_be_written_again(memory: Path) -> None:
    path = memory / "v1.sqlite"
    assert serving.build_answers(path, [("A", "一致"), ("B", "不一致")]) == 2
    with pytest.raises(Conflict):
        serving.build_answers(path, [("A", "不一致")])
    assert [p.name for p in memory.iterdir()] == ["v1.sqlite"]
    files = serving.ServingFiles()
    assert (files.answer(path, "A"), files.answer(path, "C")) == ("一致", None)
    with pytest.raises(sqlite3.OperationalError):
        files._connection(path).execute("insert into answers values ('C', '一致')")
    files.close()


def test_a_subject_with_two_records_is_refused_and_leaves_nothing(memory: Path) -> None:
    with pytest.raises(Conflict):
        serving.build_answers(memory / "v1.sqlite", [("A", "一致"), ("A", "不一致")])
    assert list(memory.iterdir()) == []


def test_column_names_are_only_names(memory: Path) -> None:
    path = memory / "v1.sqlite"
    columns = ['a"); drop table rows; --', "街道"]
    serving.build_rows(path, columns, [(1, "甲"), (2, None)])
    files = serving.ServingFiles()
    assert files.columns(path) == columns
    assert [row for chunk in files.rows(path) for row in chunk] == [(1, "甲"), (2, None)]
    files.close()


def test_only_so_many_files_are_open(memory: Path) -> None:
    files = serving.ServingFiles(most_open=2)
    paths = [memory / f"{n}.sqlite" for n in range(4)]
    for path in paths:
        serving.build_answers(path, [("A", path.name)])
        assert files.answer(path, "A") == path.name
    assert list(files._open) == paths[2:]
    assert files.answer(paths[0], "A") == "0.sqlite"
    files.close()


def test_a_file_that_is_not_there_is_said_to_be_unavailable(memory: Path) -> None:
    with pytest.raises(Unavailable):
        serving.ServingFiles().answer(memory / "none.sqlite", "A")


USCC = st.from_regex(r"[1-9ANY][1-9][0-9]{6}[0-9A-HJ-NP-RTUWXY]{9}", fullmatch=True)
CITIZEN = st.tuples(
    st.from_regex(r"[1-6][0-9]{5}", fullmatch=True),
    st.dates().filter(lambda day: 1900 <= day.year <= 2020),
    st.integers(0, 999),
).map(lambda parts: f"{parts[0]}{parts[1]:%Y%m%d}{parts[2]:03d}")
NOISE = st.sampled_from(["", " ", "-", "\u200b", "\u3000", "\u00ad", "－", "\ufeff", "\t", "—"])


def _typed(number: str, noise: list[str], wide: list[bool]) -> str:
    full = [chr(ord(c) + 0xFEE0) if w else c.lower() for c, w in zip(number, wide, strict=True)]
    return "".join(before + c for before, c in zip(noise, full, strict=True))


@given(
    USCC.map(lambda f: f + uscc_check_character(f))
    | CITIZEN.map(lambda f: f + citizen_id_check_character(f)),
    st.lists(NOISE, min_size=18, max_size=18),
    st.lists(st.booleans(), min_size=18, max_size=18),
)
@settings(deadline=None, max_examples=200)
def test_subjects_are_spelled_as_the_library_spells_them(
    number: str, noise: list[str], wide: list[bool]
) -> None:
    typed = _typed(number, noise, wide)
    theirs = canonical_uscc(typed) or canonical_citizen_id(typed)
    assert theirs == number
    assert subjects.spelling(typed) == number
    subjects.check("enterprise", subjects.spelling(typed))


@given(st.text(max_size=30))
@settings(deadline=None, max_examples=300)
def test_whatever_the_library_accepts_has_the_same_spelling_here(text: str) -> None:
    for canonical in (canonical_uscc(text), canonical_citizen_id(text)):
        if canonical is not None and len("".join(text.split())) >= 18:
            assert subjects.spelling(text) == canonical


@pytest.mark.parametrize(
    ("kind", "subject"), [("enterprise", "123"), ("person", "9" * 17 + "A"), ("thing", "")]
)
def test_what_cannot_be_a_subject_is_refused(kind: str, subject: str) -> None:
    with pytest.raises(Invalid, match="请提供"):
        subjects.check(kind, subject)


def test_digests_are_keyed_and_kept_apart() -> None:
    secret, other = b"one", b"two"
    assert key_digest(secret, "gs_x") != key_digest(other, "gs_x")
    assert subject_commitment(secret, "p", "s") != subject_commitment(secret, "q", "s")
    assert subject_commitment(secret, "p", "s") != key_digest(secret, "s")
    assert authorisation_mac(secret, ("ab", "c")) != authorisation_mac(secret, ("a", "bc"))
    assert key_digest(secret, "\ud800") == key_digest(secret, "?")


def test_one_write_serves_all_that_came_in_one_turn() -> None:
    batches: list[list[int]] = []

    def write(items: list[int]) -> list[int]:
        batches.append(list(items))
        return [item * 2 for item in items]

    async def story() -> list[int]:
        group = GroupCommit(write)
        results = await asyncio.gather(*(one(group, n) for n in range(5)))
        return [*results, await group.submit(9)]

    async def one(group: GroupCommit[int, int], n: int) -> int:
        return await group.submit(n)

    assert asyncio.run(story()) == [0, 2, 4, 6, 8, 18]
    assert batches == [[0, 1, 2, 3, 4], [9]]


def test_a_failed_write_reaches_every_caller_and_a_gone_one_harms_nobody() -> None:
    async def story() -> list[object]:
        def write(items: list[int]) -> list[int]:
            if 0 in items:
                raise OSError("no")
            return items

        group = GroupCommit(write)
        failed = [group.submit(n) for n in range(2)]
        results: list[object] = list(await asyncio.gather(*failed, return_exceptions=True))
        gone, stays = group.submit(1), group.submit(2)
        gone.cancel()
        return [*map(type, results), await stays]

    assert asyncio.run(story()) == [OSError, OSError, 2]
