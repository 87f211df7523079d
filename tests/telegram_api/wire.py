"""What passes between the emulated Bot API and a bot: parameters, refusals, and objects PTB can read."""

import json
from typing import Any

import telegram


class ApiError(Exception):
    """A refusal: `{"ok": false, "error_code": …, "description": …, "parameters": {…}}` under the same HTTP status."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.answer: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.answer["parameters"] = parameters


def bad_request(description: str) -> ApiError:
    return ApiError(400, f"Bad Request: {description}")


def conflict(description: str) -> ApiError:
    return ApiError(409, f"Conflict: {description}")


class Params(dict[str, Any]):
    """A call's parameters: strings from forms and the query, any JSON type from JSON bodies."""

    def text(self, name: str) -> str:
        value = self.get(name, "")
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int | None = None) -> int | None:
        try:
            return int(self[name]) if name in self else default
        except (TypeError, ValueError):
            raise bad_request(f"invalid parameter value: {name} must be an integer") from None

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("true", "yes", "1")

    def parsed(self, name: str, what: str) -> Any:
        """The value of a JSON-serialized parameter, or None where it is absent; `what` names it in the refusal."""
        value = self.get(name)
        if not isinstance(value, str) or not value:
            return value or None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {what} JSON object") from None


def checked(kind: type[telegram.TelegramObject], data: dict[str, Any]) -> dict[str, Any]:
    """`data` itself, after PTB has read it as `kind` and shown every field again.

    An AssertionError means that the emulator made something that PTB cannot read, does not know, or reads differently.
    """
    try:
        read = kind.de_json(json.loads(json.dumps(data)), None)
    except Exception as error:
        raise AssertionError(f"PTB cannot read {kind.__name__} {data}: {error!r}") from error
    unknown = list(_unknown(data, read, kind.__name__))
    assert not unknown, f"PTB does not know {unknown} in {data}"
    lost = list(_lost(data, read.to_dict(), kind.__name__))
    assert not lost, f"PTB lost {lost} of {data}"
    return data


def _unknown(data: Any, read: Any, path: str) -> Any:
    if isinstance(data, dict) and isinstance(read, telegram.TelegramObject):
        yield from (f"{path}.{name}" for name in read.api_kwargs)
        for name, value in data.items():
            yield from _unknown(value, getattr(read, "from_user" if name == "from" else name, None), f"{path}.{name}")
    elif isinstance(data, list) and isinstance(read, tuple):
        for number, (value, item) in enumerate(zip(data, read, strict=False)):
            yield from _unknown(value, item, f"{path}[{number}]")


def _lost(data: Any, shown: Any, path: str) -> Any:
    if isinstance(data, dict):
        for name, value in data.items():
            yield from _lost(value, shown.get(name) if isinstance(shown, dict) else None, f"{path}.{name}")
    elif isinstance(data, list):
        if not isinstance(shown, list | tuple) or len(shown) != len(data):
            yield path
        else:
            for number, (value, item) in enumerate(zip(data, shown, strict=True)):
                yield from _lost(value, item, f"{path}[{number}]")
    elif data != shown:
        yield path
