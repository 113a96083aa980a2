"""A private PostgreSQL cluster: a folder of its own, a port of its own, gone at the end."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

USER = "postgres"
START_SECONDS, STOP_SECONDS = 60, 30
# The cluster lives for one run of tests: durability is not what is tested.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB")


def programs() -> Path | None:
    """Return the folder with PostgreSQL's programs, the newest version; None without one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _version(program: Path) -> int:
    name = program.parent.parent.name
    return int(name) if name.isdigit() else 0


@contextmanager
def cluster() -> Iterator[str]:
    """Start a cluster and yield its address; it is stopped and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="gongshu-pg-"))
    password = secrets.token_hex(16)
    port = _free_port()
    bin_folder = programs()
    assert bin_folder is not None
    try:
        _own(folder)
        _initialise(bin_folder, folder, password)
        options = " ".join(f"-c {option}" for option in _options(folder, port))
        start = ("start", "-w", "-t", str(START_SECONDS), "-l", str(folder / "log"), "-o", options)
        _run([bin_folder / "pg_ctl", "-D", folder / "data", *start])
        try:
            yield f"postgresql://{USER}:{password}@127.0.0.1:{port}/gongshu"
        finally:
            stop = ("stop", "-m", "immediate", "-w", "-t", str(STOP_SECONDS))
            _run([bin_folder / "pg_ctl", "-D", folder / "data", *stop])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options(folder: Path, port: int) -> Sequence[str]:
    return (
        *FAST,
        f"port={port}",
        "listen_addresses=127.0.0.1",
        f"unix_socket_directories={folder}",
        # A message of another language or a warning would not be the test's business.
        "lc_messages=C",
    )


def _initialise(bin_folder: Path, folder: Path, password: str) -> None:
    secret = folder / "password"
    secret.write_text(password, encoding="ascii")
    secret.chmod(0o600)
    _own(secret)
    how = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")
    _run([bin_folder / "initdb", "-D", folder / "data", "-U", USER, f"--pwfile={secret}", *how])
    secret.unlink()


def _own(path: Path) -> None:
    """Give a path to the user that runs the server: root may not run it."""
    if os.geteuid() == 0:
        account = pwd.getpwnam(USER)
        os.chown(path, account.pw_uid, account.pw_gid)


def _run(command: Sequence[str | Path]) -> None:
    prefix = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, *map(str, command)],
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=START_SECONDS + 30,
        check=False,
    )
    assert done.returncode == 0, f"{command[0]}: {done.stderr}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
