"""Warm children: each is used once, a dead one is replaced, a closed pool refuses."""

import os
import signal
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from gongshu import sandbox

TASKS = Path(__file__).parent / "tasks"


def make(task, size=1, **options):
    return sandbox.Pool(f"sandbox_tasks:{task}", size, import_from=TASKS, **options)


def test_each_child_serves_one_task():
    with make("who") as pool:
        waiting = pool.pids
        first, second = pool.run(None).value["pid"], pool.run(None).value["pid"]
    assert [first] == waiting
    assert first != second


def test_a_child_that_died_while_waiting_is_replaced():
    with make("who") as pool:
        os.kill(pool.pids[0], signal.SIGKILL)
        assert pool.run(None).value["pid"] > 0


def test_children_that_never_come_up_are_named_so():
    with make("no_such_function") as pool, pytest.raises(sandbox.SandboxFault) as caught:
        pool.run(None)
    assert caught.value.code == "refused"
    assert "没能启动" in caught.value.sentence


def test_a_closed_pool_refuses_and_leaves_no_child():
    pool = make("who", size=2)
    waiting = pool.pids
    pool.close()
    assert not any(Path(f"/proc/{pid}").exists() for pid in waiting)
    with pytest.raises(sandbox.SandboxFault) as caught:
        pool.run(None)
    assert caught.value.code == "refused"


def test_an_empty_pool_spawns_on_demand_and_keeps_nothing():
    with make("who", size=0) as pool:
        assert pool.run(None).value["pid"] > 0
        assert pool.pids == []


def test_threads_share_a_pool():
    rows = pa.table({"n": list(range(1000))})
    found = []
    with make("echo", size=2) as pool:

        def ask(number):
            found.append(pool.run(number, tables=[rows]).value)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == [0, 1, 2, 3]


def test_a_pool_names_declared_refusals():
    with (
        make("refuse", codes=frozenset({"no_rows"})) as pool,
        pytest.raises(sandbox.SandboxFault) as caught,
    ):
        pool.run({"code": "no_rows"})
    assert caught.value.declared == "no_rows"
