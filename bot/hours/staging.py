"""Checked rows wait in a private database on disk until the whole file is known to be good: one reading, bounded memory."""

import json
import sqlite3
from collections.abc import Iterator

from bot.hours.rows import Fault, Parsed
from bot.messages import message

CHUNK = 2000  # rows handled at once, here and in the target database


class Staging:
    """Rows by key. The same row twice is one row; another row under a known key is a fault of its line."""

    def __init__(self) -> None:
        self._rows = sqlite3.connect("")  # a temporary file that SQLite itself removes
        self._rows.execute("PRAGMA cache_size=-20000")
        self._rows.execute("CREATE TABLE staged (line INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body TEXT NOT NULL)")

    def add(self, parsed: list[Parsed], column: str) -> dict[int, Fault]:
        """Keep the rows; by line, the fault of each that contradicts an earlier one. ``column`` names the key in the report."""
        rows = [(row.line, row.key, json.dumps(row.values, ensure_ascii=False)) for row in parsed]
        before = self._rows.total_changes
        self._rows.executemany("INSERT OR IGNORE INTO staged VALUES (?, ?, ?)", rows)
        if self._rows.total_changes - before == len(rows):
            return {}
        faults = {}
        for row, (line, key, body) in zip(parsed, rows, strict=True):
            first, kept = self._rows.execute("SELECT line, body FROM staged WHERE key = ?", (key,)).fetchone()
            if body != kept:
                faults[line] = Fault(line, column, row.shown_key, message("hours.reason.contradicts", line=first))
        return faults

    def count(self) -> int:
        """How many rows wait."""
        return int(self._rows.execute("SELECT count(*) FROM staged").fetchone()[0])

    def chunks(self) -> Iterator[list[dict]]:
        """All rows in the file's order, ``CHUNK`` at a time."""
        cursor = self._rows.execute("SELECT body FROM staged ORDER BY line")
        while rows := cursor.fetchmany(CHUNK):
            yield [json.loads(body) for (body,) in rows]

    def close(self) -> None:
        """Drop everything."""
        self._rows.close()
