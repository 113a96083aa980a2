"""What a task gets, what it gives back, and what becomes of one that fails."""

import os
import time
from pathlib import Path

import pyarrow as pa
import pytest

from gongshu import sandbox
from gongshu.sandbox.limits import MIB

TASKS = Path(__file__).parent / "tasks"
SMALL = sandbox.Limits(memory_bytes=256 * MIB, wall_seconds=20, cpu_seconds=10, output_bytes=MIB)


def run(task, params=None, **options):
    options.setdefault("limits", SMALL)
    return sandbox.run(f"sandbox_tasks:{task}", params, import_from=TASKS, **options)


def fault(task, params=None, **options):
    with pytest.raises(sandbox.SandboxFault) as caught:
        run(task, params, **options)
    return caught.value


def test_a_task_gets_its_parameters_files_and_tables_and_answers(tmp_path):
    (tmp_path / "a.txt").write_text("甲")
    rows = pa.table({"n": list(range(10_000)), "名称": ["企业"] * 10_000})
    descriptor = os.open(tmp_path / "a.txt", os.O_RDONLY)
    try:
        result = run(
            "echo", {"问": [1, None, "二"]}, files=[descriptor], tables=[rows, rows.to_reader(700)]
        )
    finally:
        os.close(descriptor)
    assert result.value == {"问": [1, None, "二"]}
    assert result.tables["file0"].to_pylist() == [{"text": "甲"}]
    assert result.tables["table0"].equals(rows)
    assert result.tables["table1"].equals(rows)
    assert result.peak_bytes > 0


def test_a_stream_without_rows_keeps_its_schema():
    assert run("empty_stream").tables["rows"].schema == pa.schema({"a": pa.string()})


def test_the_child_holds_nothing_of_the_parent(monkeypatch):
    monkeypatch.setenv("GONGSHU_SECRET", "x")
    reader, writer = os.pipe()
    os.set_inheritable(reader, True)
    try:
        found = run("who").value
    finally:
        os.close(reader)
        os.close(writer)
    constants = {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "ARROW_DEFAULT_MEMORY_POOL"}
    assert set(found["environment"]) - constants <= {"LC_CTYPE"}
    # What remains beside the three standard ones: the channel, and the child's own status.
    channel = int(found["argv"][1])
    assert set(found["held"]) - {0, 1, 2, channel} == {found["status"]}


def test_a_file_open_for_writing_is_not_handed_over(tmp_path):
    descriptor = os.open(tmp_path / "a", os.O_RDWR | os.O_CREAT)
    try:
        with pytest.raises(ValueError, match="reading only"):
            run("echo", files=[descriptor])
    finally:
        os.close(descriptor)


def test_more_descriptors_than_a_child_may_open_are_refused():
    with pytest.raises(ValueError, match="at most 40"):
        run("ignore_tables", tables=[pa.table({"a": [1]})] * 41)


def test_a_task_need_not_read_its_tables():
    endless = pa.table({"n": list(range(1_000_000))})
    assert run("ignore_tables", tables=[endless, endless]).value == 2


def test_a_table_that_breaks_off_ends_the_task_with_its_own_fault():
    schema = pa.schema({"n": pa.int64()})

    def batches():
        yield pa.record_batch({"n": [1]})
        raise LookupError("the source broke")

    broken = pa.RecordBatchReader.from_batches(schema, batches())
    with pytest.raises(LookupError, match="the source broke"):
        run("echo", tables=[broken])


@pytest.mark.parametrize(
    ("task", "code"),
    [
        ("hoard", "memory"),
        ("flood", "output"),
        ("huge_frame", "output"),
        ("abort", "crash"),
        ("segfault", "crash"),
        ("raise_secret", "crash"),
        ("change_schema", "crash"),
        ("no_such_function", "refused"),
    ],
)
def test_every_failure_is_one_code(task, code):
    caught = fault(task)
    assert caught.code == code
    assert caught.declared is None
    assert "130203199001011234" not in repr(caught) + caught.sentence
    assert caught.sentence.endswith("。")


def test_a_row_larger_than_a_frame_is_an_output_fault():
    room = sandbox.Limits(memory_bytes=1024 * MIB, wall_seconds=20)
    assert fault("one_large_row", limits=room).code == "output"


def test_a_task_that_waits_is_ended_by_the_wall_clock():
    started = time.monotonic()
    assert fault("sleep", limits=sandbox.Limits(wall_seconds=0.3)).code == "time"
    assert time.monotonic() - started < 5


def test_a_task_that_spins_is_ended_by_the_kernel():
    started = time.monotonic()
    limits = sandbox.Limits(cpu_seconds=1, wall_seconds=30)
    assert fault("spin", limits=limits).code == "time"
    assert time.monotonic() - started < 15


def test_the_wall_clock_bites_while_the_caller_is_slow():
    limits = sandbox.Limits(wall_seconds=0.5)
    options = {"import_from": TASKS, "limits": limits}
    with (
        pytest.raises(sandbox.SandboxFault) as caught,
        sandbox.stream("sandbox_tasks:flood", None, **options) as session,
    ):
        for _ in session.batches():
            time.sleep(0.2)
    assert caught.value.code == "time"


def test_leaving_early_ends_the_child():
    with sandbox.stream("sandbox_tasks:flood", None, import_from=TASKS) as session:
        next(session.batches())
        pid = session._process.pid
    assert not Path(f"/proc/{pid}").exists()


def test_a_declared_refusal_is_named_and_an_undeclared_one_is_not():
    listed = frozenset({"no_header"})
    expected = fault("refuse", {"code": "no_header"}, codes=listed)
    assert (expected.code, expected.declared) == ("refused", "no_header")
    other = fault("refuse", {"code": "id_130203"}, codes=listed)
    assert (other.code, other.declared) == ("crash", None)


@pytest.mark.parametrize("limit", ["memory_bytes", "wall_seconds", "cpu_seconds", "output_bytes"])
def test_a_limit_of_nothing_is_refused(limit):
    with pytest.raises(ValueError, match="positive"):
        sandbox.Limits(**{limit: 0})


def test_unknown_names_of_the_package_are_unknown():
    with pytest.raises(AttributeError):
        _ = sandbox.no_such_name
