"""What an .xlsx unpacks to while it is read: a small archive may hold anything, and is held against what Excel itself can hold."""

import zipfile
from typing import Any
from xml.parsers import expat

LAST_ROW = 1_048_576  # Excel's own
LONGEST_CELL = 32_767  # characters, Excel's own
MOST_CELLS = 64 * LAST_ROW  # the empty ones before the last of each row counted; our widest file has eight columns
MOST_UNPACKED = 4 << 30  # bytes of a whole file; a sheet of LAST_ROW hour records takes half of one GB
PACKED = 200  # times, at most, that an entry is larger than what is stored; sheets are ten to thirty times
SMALL = 8 << 20  # bytes up to which an entry may be packed as it likes
MOST_STRINGS, STRING_BYTES = 2_500_000, 128 << 20  # texts that cells share, all kept in memory: two for each row, and people
ROW_BYTES, LOOSE_BYTES = 16 << 20, 64 << 20  # of XML: within one row or shared text, and outside them
MOST_ELEMENTS = 1 << 18  # likewise
CHUNK = 1 << 16

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_ROW, _STRING = _MAIN + "row", _MAIN + "si"
_COUNTED = frozenset((_ROW, _STRING))


class OversizedError(Exception):
    """No table of anybody's. ``what``: the last part of a key of the messages."""

    def __init__(self, what: str = "oversized") -> None:
        super().__init__(what)
        self.what = what


class Archive(zipfile.ZipFile):
    """The archive of an .xlsx, each part of which is looked at as it is read. OversizedError, at its opening and at each reading."""

    def __init__(self, source: Any) -> None:
        super().__init__(source)
        parts = self.infolist()
        if sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise OversizedError
        if any(part.file_size > SMALL and part.file_size > PACKED * part.compress_size for part in parts):
            raise OversizedError

    def open(self, *arguments: Any, **more: Any) -> Any:
        """As of any archive, to read from alone."""
        return _Watched(super().open(*arguments, **more))


class _Watched:
    """A part of XML that is read piece by piece. What would be kept in memory at once is counted before the reader has it."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.ordered_attributes = True
        self._parser.StartDoctypeDeclHandler = self._declared
        self._parser.StartElementHandler = self._begun
        self._parser.EndElementHandler = self._ended
        self._fed = self._mark = self._loose_bytes = self._string_bytes = 0
        self._rows = self._strings = self._elements = self._loose = 0
        self._within = False

    def __enter__(self) -> "_Watched":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        self._source.close()

    def read(self, size: int = -1) -> bytes:
        """SyntaxError for what is no XML."""
        if size < 0:
            return b"".join(iter(lambda: self.read(CHUNK), b""))
        data: bytes = self._source.read(size)
        try:
            self._parser.Parse(data, not data)
        except expat.ExpatError as error:
            raise SyntaxError(str(error)) from None
        self._fed += len(data)
        since = self._fed - self._mark
        if since > ROW_BYTES if self._within else self._loose_bytes + since > LOOSE_BYTES:
            raise OversizedError
        return data

    def _declared(self, *_: Any) -> None:
        raise OversizedError  # no table has a document type, by whose entities a word becomes a million

    def _begun(self, name: str, attributes: list[str]) -> None:
        if name in _COUNTED:
            self._enter(name, attributes)
        else:  # most of a sheet: nothing more is done here than must be
            self._elements += 1
            if self._elements > MOST_ELEMENTS:
                raise OversizedError

    def _enter(self, name: str, attributes: list[str]) -> None:
        if name == _ROW:
            self._rows += 1
            if self._rows > LAST_ROW or _number(attributes) > LAST_ROW:
                raise OversizedError("too_many_rows")
        else:
            self._strings += 1
            if self._strings > MOST_STRINGS or self._string_bytes > STRING_BYTES:
                raise OversizedError
        here = self._parser.CurrentByteIndex
        if not self._within:
            self._loose_bytes += here - self._mark
            self._loose, self._within = self._elements, True
        self._mark, self._elements = here, 0

    def _ended(self, name: str) -> None:
        if name in _COUNTED and self._within:
            here = self._parser.CurrentByteIndex
            if name == _STRING:
                self._string_bytes += here - self._mark
            self._mark, self._within, self._elements = here, False, self._loose


def _number(attributes: list[str]) -> float:
    """The number that a row gives itself, read as generously as the reader does; 0 for none."""
    for name, value in zip(attributes[::2], attributes[1::2], strict=True):
        if name == "r":
            try:
                return float(value)
            except ValueError:
                return 0
    return 0
