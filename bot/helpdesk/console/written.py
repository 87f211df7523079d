"""Numbers of rows as a form or an address gives them: text, whatever it holds."""

_MOST_DIGITS = 9


def row_number(text: str) -> int | None:
    """The number; None for what is none, or none that a row has."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None
