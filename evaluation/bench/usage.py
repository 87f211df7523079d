"""What a command takes from start to end."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """Seconds by the clock, CPU seconds and peak resident bytes; the processes it waited for are included."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


class CommandFailedError(Exception):
    """A command ended with another status than 0; the text is the end of what it said."""


def used(command: Sequence[str], env: Mapping[str, str], folder: Path, log: Path) -> Usage:
    """Run a command to its end, what it says going to ``log``. CommandFailedError."""
    started = time.monotonic()
    with log.open("wb") as target:
        process = subprocess.Popen(command, env=dict(env), cwd=folder, stdin=subprocess.DEVNULL, stdout=target, stderr=target)
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise CommandFailedError(f"{command[0]}: {log.read_text(errors='replace')[-1000:]}")
    return Usage(time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
