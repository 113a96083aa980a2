"""The parent takes nothing on trust from a child that may have been taken over."""

from pathlib import Path

import pytest

from gongshu import sandbox

TASKS = Path(__file__).parent / "tasks"
WHAT = [
    "unknown_kind",
    "unknown_stream",
    "empty_batch",
    "empty_schema",
    "nonsense_schema",
    "nested_type",
    "dictionary_type",
    "compressed",
    "wild_offsets",
    "not_unicode",
    "nonsense_value",
    "value_without_fields",
    "fault_with_text",
]


@pytest.fixture(scope="module")
def pool():
    with sandbox.Pool("sandbox_tasks:hostile", 1, import_from=TASKS) as pool:
        yield pool


@pytest.mark.parametrize("what", WHAT)
def test_a_frame_that_no_honest_child_sends_is_a_crash(pool, what):
    with pytest.raises(sandbox.SandboxFault) as caught:
        pool.run({"what": what})
    assert caught.value.code == "crash"
    assert caught.value.declared is None
