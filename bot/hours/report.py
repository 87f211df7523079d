"""The report of bad lines: complete in a CSV file, the first few kept for the screen."""

import csv
import tempfile
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from bot.hours import vocabulary
from bot.hours.rows import Fault

ON_SCREEN = 20
ARMED = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet works out."""


class Report:
    """Collects faults; the file comes to be with the first one, in ``folder`` or, where that is read-only, in the temporary one."""

    def __init__(self, folder: Path, kind: str, now: datetime) -> None:
        self.first: list[Fault] = []
        self.bad_lines = self.fault_count = 0
        self.path: Path | None = None
        self._folder, self._name = folder, f"import-errors-{kind}-{now:%Y%m%d-%H%M%S}"
        self._file: IO[str] | None = None
        self._writer: Any = None

    def note(self, faults: list[Fault]) -> None:
        """Add the faults of one line."""
        self.bad_lines += 1
        self.fault_count += len(faults)
        if self._file is None:
            self._file = self._open()
            self._writer = csv.writer(self._file)
            self._writer.writerow(vocabulary.words()["report"])
        for fault in faults:
            if len(self.first) < ON_SCREEN:
                self.first.append(fault)
            self._writer.writerow([fault.line, fault.column, inert(fault.value), fault.reason])

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()

    def _open(self) -> IO[str]:
        for attempt in range(100):
            name = f"{self._name}.csv" if not attempt else f"{self._name}-{attempt + 1}.csv"
            try:
                self.path = self._folder / name
                return self.path.open("x", encoding="utf-8-sig", newline="")
            except FileExistsError:
                continue
            except OSError:
                break
        handle = tempfile.NamedTemporaryFile(  # noqa: SIM115 (kept for the person to read)
            "w", prefix=f"{self._name}-", suffix=".csv", delete=False, encoding="utf-8-sig", newline=""
        )
        self.path = Path(handle.name)
        return handle


def inert(value: str) -> str:
    """A value that a spreadsheet will not take for a formula."""
    return f"'{value}" if value.startswith(ARMED) else value
