"""Starting a server, looking at its processes through /proc (Linux), and ending all of them."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROC = Path("/proc")
STOP_SECONDS = 20
PR_SET_PDEATHSIG = 1
ROLES = (("actions", ("bot.runtime.actionhost", "run actions")), ("server", ("bot.runtime.worker", "rasa run", "bench.floor")))
"""What a command line holds that tells a process's part; the first that fits."""


@dataclass(frozen=True)
class Process:
    """One running process: resident bytes (RSS), and its proportional share of shared pages (PSS)."""

    pid: int
    role: str
    rss: int
    pss: int


def tree(roots: Iterable[int], proc: Path = PROC) -> list[int]:
    """The processes and everything they started that still runs."""
    children: dict[int, list[int]] = {}
    for folder in proc.iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                children.setdefault(parent(folder), []).append(int(folder.name))
    found: list[int] = []
    waiting = [pid for pid in roots if (proc / str(pid)).is_dir()]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return sorted(set(found))


def parent(folder: Path) -> int:
    """The parent's id from ``stat``; the command's name before it may hold spaces and brackets."""
    return int((folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])


def kilobytes(text: str, name: str) -> int:
    """A ``Name:  123 kB`` line of /proc in bytes; 0 where it is missing, as of a process that just ended."""
    for line in text.splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return 0


def role(command: str, is_root: bool) -> str:
    """The part a process plays, by its command line: ``actions``, ``server``, ``launcher`` or ``other``."""
    named = next((name for name, signs in ROLES if any(sign in command for sign in signs)), None)
    return named or ("launcher" if is_root else "other")


def look(roots: Sequence[int], proc: Path = PROC) -> list[Process]:
    """All processes of a variant. A launcher without servers below it is itself the server."""
    found = []
    for pid in tree(roots, proc):
        with suppress(OSError):
            folder = proc / str(pid)
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            rss = kilobytes((folder / "status").read_text(errors="replace"), "VmRSS")
            pss = kilobytes((folder / "smaps_rollup").read_text(), "Pss")
            found.append(Process(pid, role(command, pid in roots), rss, pss))
    if not any(process.role == "server" for process in found):
        found = [Process(p.pid, "server", p.rss, p.pss) if p.role == "launcher" else p for p in found]
    return found


def cpu_seconds(roots: Iterable[int], proc: Path = PROC) -> float:
    """User and system time that the processes of a variant have used so far; of those that ended, what their parents have collected."""
    ticks = 0
    for pid in tree(roots, proc):
        with suppress(OSError):
            fields = (proc / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port of the loopback interface that nobody holds."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(command: Sequence[str], env: Mapping[str, str], folder: Path, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process in a session of its own; at the end it and all below it are gone, also when we are killed."""
    with log.open("ab") as target:
        silent: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": target, "stderr": target}
        process = subprocess.Popen(command, env=env, cwd=folder, start_new_session=True, preexec_fn=_die_with_us, **silent)
    try:
        yield process
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    below = {pid: begun for pid in tree([process.pid]) if (begun := _begun(pid)) is not None}
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    until = time.monotonic() + STOP_SECONDS
    while (left := [pid for pid, begun in below.items() if _begun(pid) == begun]) and time.monotonic() < until:
        time.sleep(0.05)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _begun(pid: int) -> str | None:
    """When the process began, in ticks: tells it from a later one of the same number. None when it ended, collected or not."""
    try:
        fields = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _die_with_us() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def last_lines(log: Path, count: int = 12) -> list[str]:
    """The end of a log; nothing where there is none."""
    if not log.exists():
        return []
    return [line[:300] for line in log.read_text(errors="replace").splitlines() if line.strip()][-count:]
