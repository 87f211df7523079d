"""An Official Account as ``api.weixin.qq.com`` keeps it: what a call does to it, and what is refused."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

from tests.wechat import menus
from tests.wechat.pushing import Followers, Pushed, taken
from tests.wechat.tokens import Refused, StableTokens

SEND = "/cgi-bin/message/custom/send"
STABLE = "/cgi-bin/stable_token"
OLD = "/cgi-bin/token"
OPERATORS = ("CHINANET", "UNICOM", "CAP", "DEFAULT")
RID = "64c0ff2a-1b2c3d4e-5f607182"

_ESCAPE = re.compile(rb"(?<!\\)((?:\\\\)*)\\u")


def parse(body: bytes) -> dict[str, Any]:
    """A JSON object as WeChat reads it: ``\\u`` escapes stay, so that people see them in what they are sent."""
    if not body:
        raise Refused(44002, "empty post data")
    try:
        found = json.loads(_ESCAPE.sub(rb"\1\\\\u", body).decode("utf-8"))
    except ValueError as error:
        raise Refused(47001, f"data format error: {error}") from error
    if not isinstance(found, dict):
        raise Refused(47001, "data format error")
    return found


class Account:
    """The account's state behind the API. Not for several threads at once.

    Switches that a test may set at any time: `now` (the clock), `whitelisted`, `service_right`, `menu_right`, `daily_left` (messages that
    may still be sent today), `package_loss` of the network check; `tokens.expires_in`, `tokens.force_gap`.
    """

    def __init__(self, app_id: str = "wx1", secret: str = "s1", now: Callable[[], float] = time.time) -> None:
        self.now = now
        self.whitelisted = self.service_right = self.menu_right = True
        self.daily_left: int | None = None
        self.package_loss = "0%"
        self.menu: list[dict[str, Any]] | None = None
        self.sent: list[Pushed] = []
        self.tokens = StableTokens(app_id, secret, lambda: self.now())
        self.followers = Followers(lambda: self.now())
        self._does: dict[tuple[str, str], Callable[[dict[str, str], bytes], dict[str, Any]]] = {
            ("POST", SEND): self._send,
            ("POST", "/cgi-bin/menu/create"): self._menu_create,
            ("GET", "/cgi-bin/menu/get"): self._menu_get,
            ("GET", "/cgi-bin/menu/delete"): self._menu_delete,
            ("GET", "/cgi-bin/get_current_selfmenu_info"): lambda _query, _body: menus.as_current(self.menu),
            ("GET", "/cgi-bin/getcallbackip"): lambda _query, _body: {"ip_list": ["127.0.0.1", "101.226.103.0"]},
            ("GET", "/cgi-bin/get_api_domain_ip"): lambda _query, _body: {"ip_list": ["127.0.0.1", "101.89.47.16"]},
            ("POST", "/cgi-bin/callback/check"): self._callback_check,
            ("POST", "/cgi-bin/clear_quota"): self._clear_quota,
        }

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> dict[str, Any]:
        """Does what is asked and gives the answer, an error included."""
        try:
            if path in (STABLE, OLD):
                return self._token(method, path, body)
            self.tokens.check(query.get("access_token"))
            does = self._does.get((method, path))
            if does is None:
                known = any(path == one for _, one in self._does)
                raise Refused(*((43001 if method == "POST" else 43002, f"{method} not allowed") if known else (40066, "invalid url")))
            return does(query, body)
        except Refused as refused:
            return {"errcode": refused.errcode, "errmsg": f"{refused.errmsg} rid: {RID}"}

    def _token(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        if not self.whitelisted:
            raise Refused(40164, "invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist")
        if path == OLD:
            raise Refused(48004, "api forbidden: this account takes its tokens from stable_token")
        if method != "POST":
            raise Refused(43002, "require POST method")
        return self.tokens.give(parse(body))

    def _send(self, _query: dict[str, str], body: bytes) -> dict[str, Any]:
        if not self.service_right:
            raise Refused(48001, "api unauthorized")
        message = taken(parse(body), self.now())
        if self.daily_left is not None and self.daily_left <= 0:
            raise Refused(45009, "reach max api daily quota limit")
        self.followers.spend(message.openid)
        if self.daily_left is not None:
            self.daily_left -= 1
        self.sent.append(message)
        return {"errcode": 0, "errmsg": "ok"}

    def _menu_create(self, _query: dict[str, str], body: bytes) -> dict[str, Any]:
        self._need_menu_right()
        self.menu = menus.checked(parse(body))
        return {"errcode": 0, "errmsg": "ok"}

    def _menu_get(self, _query: dict[str, str], _body: bytes) -> dict[str, Any]:
        self._need_menu_right()
        if self.menu is None:
            raise Refused(46003, "menu no exist")
        return menus.as_got(self.menu)

    def _menu_delete(self, _query: dict[str, str], _body: bytes) -> dict[str, Any]:
        self._need_menu_right()
        self.menu = None
        return {"errcode": 0, "errmsg": "ok"}

    def _need_menu_right(self) -> None:
        if not self.menu_right:
            raise Refused(48001, "api unauthorized")

    def _callback_check(self, _query: dict[str, str], body: bytes) -> dict[str, Any]:
        asked = parse(body)
        if asked.get("action") not in ("dns", "ping", "all"):
            raise Refused(40202, "invalid action")
        if asked.get("check_operator") not in OPERATORS:
            raise Refused(40203, "invalid check_operator")
        dns = [{"ip": "127.0.0.1", "real_operator": "UNICOM"}]
        ping = [{"ip": "127.0.0.1", "from_operator": "UNICOM", "package_loss": self.package_loss, "time": "23.079ms"}]
        return {name: found for name, found in (("dns", dns), ("ping", ping)) if asked["action"] in (name, "all")}

    def _clear_quota(self, _query: dict[str, str], body: bytes) -> dict[str, Any]:
        if parse(body).get("appid") != self.tokens.app_id:
            raise Refused(40013, "invalid appid")
        self.daily_left = None
        return {"errcode": 0, "errmsg": "ok"}
