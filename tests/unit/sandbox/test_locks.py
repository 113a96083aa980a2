"""S7: a child that has been taken over reaches no file, network, program or other process."""

import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gongshu import sandbox
from gongshu.sandbox import locks, probe
from gongshu.sandbox.worker import Worker

TASKS = Path(__file__).parent / "tasks"
HARMLESS = ("open_for_reading", "open_for_writing", "list_folder", "memory_file", "raise_limit")

# Three children are started for the whole module, because each of them answers many questions.
pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="left out: the locks are those of Linux"
)


@pytest.fixture(scope="module")
def outcome():
    return sandbox.run("gongshu.sandbox.probe:attempt", {}).value


@pytest.mark.parametrize("act", sorted(probe.ACTS))
def test_each_act_is_refused_inside(outcome, act):
    assert outcome[act] is False


@pytest.mark.parametrize("act", HARMLESS)
def test_the_same_act_succeeds_outside(act):
    probe.ACTS[act]()


def test_threads_are_allowed():
    result = sandbox.run("sandbox_tasks:thread_answers", None, import_from=TASKS)
    assert result.value == [7]


def test_a_thread_started_while_warming_up_is_locked_too():
    result = sandbox.run("sandbox_tasks:early_thread_opens", None, import_from=TASKS)
    assert result.value is False


def test_the_locks_are_in_place_before_the_task_is_known():
    worker = Worker("gongshu.sandbox.probe:attempt")
    try:
        found = worker.wait_ready()
        status = dict(
            line.split(":\t", 1)
            for line in Path(f"/proc/{worker.pid}/status").read_text().splitlines()
        )
    finally:
        worker.kill()
    assert found["no_new_privileges"]
    assert found["seccomp"]
    assert status["Seccomp"] == "2"
    assert status["NoNewPrivs"] == "1"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"landlock": False, "network_namespace": False, "alone": False}, True),
        ({"no_new_privileges": False}, False),
        ({"seccomp": False}, True),
        ({"seccomp": False, "landlock": False}, False),
        ({"seccomp": False, "network_namespace": False}, False),
        ({"seccomp": False, "alone": False}, False),
    ],
)
def test_which_locks_suffice(changed, expected):
    everything = dict.fromkeys(
        ("no_new_privileges", "network_namespace", "landlock", "alone", "seccomp"), True
    )
    assert locks.sufficient(everything | changed) is expected


def test_a_host_that_cannot_lock_refuses_and_says_what_to_do(monkeypatch):
    monkeypatch.setattr("gongshu.sandbox.worker.sufficient", lambda found: False)
    with pytest.raises(sandbox.SandboxFault) as caught:
        sandbox.run("gongshu.sandbox.probe:attempt", {})
    assert caught.value.code == "refused"
    assert "check-host" in caught.value.sentence


def test_check_host_says_what_holds():
    checks = {check.name: check for check in sandbox.check_host()}
    assert {"seccomp", "landlock", "network_namespace", "acts", "memory"} <= set(checks)
    assert all(check.ok for check in checks.values() if check.required)
    assert all(check.zh[0] >= "一" for check in checks.values())


def test_check_host_names_the_door_that_stands_open(monkeypatch):
    leaky = sandbox.Result({"socket": True, "fork": False}, {}, 0.0, 0)
    monkeypatch.setattr("gongshu.sandbox.host.run", lambda *args, **options: leaky)
    checks = {check.name: check for check in sandbox.check_host()}
    assert not checks["acts"].ok
    assert "socket" in checks["acts"].zh
    assert not checks["memory"].ok


def _is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_child_ends_when_its_parent_is_killed():
    program = (
        "import sys, time\n"
        "from gongshu.sandbox.worker import Worker\n"
        "worker = Worker('gongshu.sandbox.probe:attempt')\n"
        "worker.wait_ready()\n"
        "print(worker.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        os.kill(parent.pid, signal.SIGKILL)
    for _ in range(100):
        if not _is_running(child):
            break
        time.sleep(0.05)
    assert not _is_running(child)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="left out: needs an x86-64 machine")
def test_another_architecture_has_no_filter(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert locks.seccomp.install() is False
