"""How somebody of staff is called where a text says who did something: audit trail, hold, switches."""

PREFIX = "staff:"


def actor_of(number: int | None) -> str:
    """Somebody of this number."""
    return f"{PREFIX}{number}"


def number_in(actor: str) -> int | None:
    """The number of somebody of staff; None for anybody else."""
    kind, digits = actor[: len(PREFIX)], actor[len(PREFIX) :]
    return int(digits) if kind == PREFIX and digits.isdecimal() else None
