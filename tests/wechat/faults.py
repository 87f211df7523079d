"""Misfortunes to come for calls of the API."""

from dataclasses import dataclass


@dataclass
class Fault:
    """What befalls the next `times` calls whose path ends with `path`.

    An `errcode` is answered instead of doing anything; `status` is an HTTP status with a page instead of JSON. `seconds` are waited, and
    `cut` ends the connection without an answer: before the call is done, or if `after` when it has been.
    """

    path: str
    times: int = 1
    errcode: int | None = None
    errmsg: str = "system error"
    status: int | None = None
    seconds: float = 0.0
    cut: bool = False
    after: bool = False


MESSAGES = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    42001: "access_token expired",
    43004: "require subscribe",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    48001: "api unauthorized",
}
"""The messages of the errors that a test may wish for."""


class Faults:
    """Those still to come, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._coming: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._coming.append(fault)

    def clear(self) -> None:
        self._coming.clear()

    def take(self, path: str) -> Fault | None:
        """The fault that befalls a call of this path now."""
        for fault in self._coming:
            if path.endswith(fault.path):
                fault.times -= 1
                if fault.times <= 0:
                    self._coming.remove(fault)
                return fault
        return None
