"""The menu of an account: what WeChat takes and how it gives it back."""

from typing import Any

from tests.wechat.tokens import Refused

KEYED = {
    "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select",
}  # fmt: skip
OTHERS = {"media_id": "media_id", "article_id": "article_id", "article_view_limited": "article_id", "miniprogram": "appid"}
MOST_TOP, MOST_SUB = 3, 5
MOST_KEY, MOST_URL = 128, 1024
MOST_NAME = {False: 16, True: 60}  # bytes, of a top button and of one below


def checked(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons of a request to create a menu."""
    buttons = body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MOST_TOP:
        raise Refused(40016, "invalid button size")
    for button in buttons:
        _check(button, below=False)
    return buttons


def _check(button: dict[str, Any], *, below: bool) -> None:
    name = button.get("name")
    if not isinstance(name, str) or not 1 <= len(name.encode("utf-8")) <= MOST_NAME[below]:
        raise Refused(40025 if below else 40018, f"invalid {'sub ' if below else ''}button name size")
    subs = button.get("sub_button")
    if subs:
        if below:
            raise Refused(40022, "invalid sub button level")
        if not isinstance(subs, list) or len(subs) > MOST_SUB:
            raise Refused(40023, "invalid sub button size")
        for sub in subs:
            _check(sub, below=True)
        return
    _check_act(button, below)


def _check_act(button: dict[str, Any], below: bool) -> None:
    """What a tap does: a key, an address, or something that OTHERS names."""
    sub = "sub " if below else ""
    kind, key, url = button.get("type"), button.get("key"), button.get("url")
    if kind in KEYED:
        if not isinstance(key, str) or not 1 <= len(key.encode("utf-8")) <= MOST_KEY:
            raise Refused(40026 if below else 40019, f"invalid {sub}button key size")
    elif kind in ("view", "miniprogram"):
        if not isinstance(url, str) or not 1 <= len(url.encode("utf-8")) <= MOST_URL:
            raise Refused(40027 if below else 40020, f"invalid {sub}button url size")
        if not url.startswith(("http://", "https://")):
            raise Refused(40054 if below else 40055, f"invalid {sub}button url domain")
    if kind in OTHERS and not button.get(OTHERS[kind]):
        raise Refused(47001, f"data format error: {kind} without {OTHERS[kind]}")
    if kind not in KEYED and kind not in OTHERS and kind != "view":
        raise Refused(40024 if below else 40017, f"invalid {sub}button type")


def as_got(buttons: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer of ``menu/get``: every button with a list of those below."""

    def full(button: dict[str, Any]) -> dict[str, Any]:
        return {**button, "sub_button": [full(sub) for sub in button.get("sub_button") or []]}

    return {"menu": {"button": [full(button) for button in buttons]}}


def as_current(buttons: list[dict[str, Any]] | None) -> dict[str, Any]:
    """The answer of ``get_current_selfmenu_info``."""

    def full(button: dict[str, Any]) -> dict[str, Any]:
        subs = button.get("sub_button")
        return {**button, "sub_button": {"list": subs}} if subs else {k: v for k, v in button.items() if k != "sub_button"}

    return {"is_menu_open": int(buttons is not None), "selfmenu_info": {"button": [full(button) for button in buttons or []]}}
