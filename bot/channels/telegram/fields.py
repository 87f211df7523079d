"""Fields of an update, read strictly."""

from collections.abc import Mapping
from typing import Any

_LARGEST = 2**63 - 1


class MalformedError(Exception):
    """No update of the Bot API: the text names the field."""


def object_of(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    if not isinstance(value, dict):
        raise MalformedError(name)
    return value


def integer_of(holder: Mapping[str, Any], name: str, *, least: int = -_LARGEST) -> int:
    value = holder.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _LARGEST:
        raise MalformedError(name)
    return value


def string_of(holder: Mapping[str, Any], name: str) -> str | None:
    value = holder.get(name)
    if name in holder and not isinstance(value, str):
        raise MalformedError(name)
    return value


def flag_of(holder: Mapping[str, Any], name: str, default: bool | None = None) -> bool:
    value = holder.get(name, default)
    if not isinstance(value, bool):
        raise MalformedError(name)
    return value
