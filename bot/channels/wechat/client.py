"""The platform's API: wechatpy's client with one access token for all processes, kept in the database."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import requests
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from bot.channels.wechat.account import Account
from bot.db import Database
from bot.inbox import shared_state

TIMEOUT = 8  # seconds
TOKEN_REFUSED = frozenset({40001, 40014, 42001})
_SPARE = timedelta(minutes=5)
"""So long before its end a token is replaced."""


class ApiFault(Exception):  # noqa: N818 (the platform's refusal, not a mistake)
    """The platform refused, or could not be reached: ``code`` is its errcode, None when it said nothing."""

    def __init__(self, code: int | None, said: str) -> None:
        super().__init__(f"{code or said}")
        self.code = code
        self.said = said


class _Client(WeChatClient):
    """wechatpy's client without the memory of its own in which it would keep a token per process."""

    def __init__(self, account: Account, token: Callable[[], str]) -> None:
        super().__init__(account.app_id, account.secret, timeout=TIMEOUT, auto_retry=False)
        self.API_BASE_URL = f"{account.api}/cgi-bin/"
        self._token = token

    @property
    def access_token(self) -> str:
        return self._token()


class Api:
    """Calls of one account. Blocking: to be used in a thread."""

    def __init__(self, account: Account, database: Database, clock: Callable[[], datetime]) -> None:
        self._account, self._database, self._clock = account, database, clock
        self._name = f"wx token {account.app_id}"
        self._fetching = threading.Lock()
        self._mine = threading.local()
        self._client = _Client(account, self._token)

    def send_text(self, openid: str, text: str) -> None:
        """A customer-service message. ApiFault, DatabaseFault."""
        self._call(lambda client: client.message.send_text(openid, text))

    def create_menu(self, menu: dict[str, Any]) -> None:
        """Publish the menu. ApiFault, DatabaseFault."""
        self._call(lambda client: client.menu.create(menu))

    def look(self, what: str) -> dict[str, Any]:
        """What a GET of the API tells. ApiFault, DatabaseFault."""
        found: dict[str, Any] = self._call(lambda client: client.get(what))
        return found

    def _call(self, call: Callable[[WeChatClient], Any]) -> Any:
        """A token may have ended before its time (another program asked for one): once more with a new one."""
        self._mine.token = None
        try:
            return self._once(call)
        except ApiFault as fault:
            if fault.code not in TOKEN_REFUSED or self._mine.token is None:
                raise
            with self._database.begin() as connection:
                shared_state.dismiss(connection, self._name, self._mine.token)
            return self._once(call)

    def _once(self, call: Callable[[WeChatClient], Any]) -> Any:
        try:
            return call(self._client)
        except WeChatClientException as error:
            raise ApiFault(error.errcode, str(error.errmsg or "")) from None  # its text holds the request with the token
        except requests.RequestException as error:
            raise ApiFault(None, type(error).__name__) from None

    def _token(self) -> str:
        with self._fetching:
            with self._database.look() as connection:
                held = shared_state.recall(connection, self._name, self._clock())
            token: str = held or self._fetched()
            self._mine.token = token
            return token

    def _fetched(self) -> str:
        """The platform gives every process the same stable token."""
        wanted = {"grant_type": "client_credential", "appid": self._account.app_id, "secret": self._account.secret, "force_refresh": False}
        answer = requests.post(f"{self._account.api}/cgi-bin/stable_token", json=wanted, timeout=TIMEOUT).json()
        if "access_token" not in answer:
            raise ApiFault(int(answer.get("errcode") or 0) or None, str(answer.get("errmsg") or ""))
        till = self._clock() + max(timedelta(seconds=int(answer.get("expires_in", 7200))) - _SPARE, timedelta(minutes=1))
        with self._database.begin() as connection:
            shared_state.remember(connection, self._name, str(answer["access_token"]), till)
        return str(answer["access_token"])
