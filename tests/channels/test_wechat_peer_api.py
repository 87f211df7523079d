"""The pretended ``api.weixin.qq.com`` that the WeChat channel's tests use, here against a plain client."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.wechat.api import FakeApi
from tests.wechat.peer import Peer

APP_ID = "wx0123456789abcdef"
HOW = {"appid": APP_ID, "secret": "s3cret", "grant_type": "client_credential"}
NOWHERE = "http://127.0.0.1:9/"


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi(APP_ID, "s3cret") as running:
        yield running


def call(api: FakeApi, path: str, body: Any = None, token: str | None = None, timeout: float = 5) -> dict[str, Any]:
    """A call with a valid token; a body makes it a POST, in UTF-8 unless it is bytes."""
    params = {"access_token": token or issue(api)} if token != "" else {}
    content = body if isinstance(body, bytes) or body is None else json.dumps(body, ensure_ascii=False).encode()
    with httpx.Client(base_url=api.url, trust_env=False, verify=False, timeout=timeout) as client:
        return client.request("GET" if body is None else "POST", f"/cgi-bin/{path}", params=params, content=content).json()


def issue(api: FakeApi, **more: Any) -> str:
    return call(api, "stable_token", {**HOW, **more}, token="")["access_token"]


def send(api: FakeApi, text: str, openid: str = "o_1", **kwargs: Any) -> int:
    return call(api, "message/custom/send", {"touser": openid, "msgtype": "text", "text": {"content": text}}, **kwargs)["errcode"]


def test_one_token_is_valid_until_it_ends_or_is_forced_out(api: FakeApi) -> None:
    clock = [time.time()]
    api.now = lambda: clock[0]
    first = issue(api)
    assert issue(api) == first
    clock[0] += 7000
    second = issue(api)  # five minutes before the end: a new one, and both hold
    assert second != first
    assert [send(api, "a", token=one) for one in (first, second)] == [45015, 45015]
    clock[0] += 201
    assert send(api, "a", token=first) == 42001
    third = issue(api, force_refresh=True)
    assert issue(api, force_refresh=True) == third  # again within thirty seconds
    assert [send(api, "a", token=one) for one in (second, third, "bad")] == [40001, 45015, 40001]
    assert (api.tokens_issued, api.old_token_calls) == ([first, second, third], 0)
    api.tokens.expire()
    assert send(api, "a", token=third) == 42001


def test_who_gets_no_token(api: FakeApi) -> None:
    assert call(api, "stable_token", {**HOW, "appid": "x"}, token="")["errcode"] == 40013
    assert call(api, "stable_token", {**HOW, "secret": "x"}, token="")["errcode"] == 40125
    assert call(api, "token?grant_type=client_credential", token="")["errcode"] == 48004
    assert api.old_token_calls == 1
    api.whitelisted = False
    refused = call(api, "stable_token", HOW, token="")
    assert refused["errcode"] == 40164
    assert refused["errmsg"].startswith("invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist rid: ")


def test_how_many_messages_an_act_allows(api: FakeApi) -> None:
    clock = [time.time()]
    api.now = lambda: clock[0]
    person = Peer(NOWHERE, "t", APP_ID, api=api, tries=1).person("o_1")
    assert send(api, "早") == 45015
    person.says("你好")
    assert [send(api, f"{n}") for n in range(6)] == [0] * 5 + [45047]
    person.clicks("K")
    assert [send(api, f"{n}") for n in range(4)] == [0] * 3 + [45047]
    person.taps_menu_link("1", "公需")
    clock[0] += 61
    assert send(api, "晚") == 45047
    clock[0] += 48 * 3600
    assert send(api, "晚") == 45015
    person.unsubscribes()
    assert send(api, "走") == 43004
    person.subscribes()
    assert send(api, "来") == 0
    assert [one.text for one in api.wait_pushed("o_1", 9)] == [*"01234", *"012", "来"]
    with pytest.raises(AssertionError, match="9 of 10"):
        api.wait_pushed("o_1", 10, 0.1)


def test_what_may_be_sent(api: FakeApi) -> None:
    api.heard("o_1", "message")
    assert send(api, "学" * 683) == 45002
    assert send(api, "") == 44004
    escaped = json.dumps({"touser": "o_1", "msgtype": "text", "text": {"content": "学\n"}}).encode()
    assert call(api, "message/custom/send", escaped)["errcode"] == 0
    menu = {"head_content": "选", "list": [{"id": "1", "content": "公需"}], "tail_content": "请点"}
    assert call(api, "message/custom/send", {"touser": "o_1", "msgtype": "msgmenu", "msgmenu": menu})["errcode"] == 0
    assert call(api, "message/custom/send", {"touser": "o_1", "msgtype": "image", "image": {"media_id": "m"}})["errcode"] == 0
    assert [one.text for one in api.pushed("o_1")] == ["\\u5b66\n", "选\n公需\n请点", ""]
    assert call(api, "message/custom/send", {"touser": "o_1", "msgtype": "song"})["errcode"] == 40008
    assert call(api, "message/custom/send", b"{")["errcode"] == 47001
    api.daily_left = 0
    assert send(api, "a") == 45009
    api.service_right = False
    assert send(api, "a") == 48001


def test_the_api_has_misfortunes(api: FakeApi) -> None:
    api.heard("o_1", "message")
    token = issue(api)
    api.fails("custom/send", -1, times=2)
    assert [send(api, "a", token=token) for _ in range(3)] == [-1, -1, 0]
    api.cuts("custom/send")
    with pytest.raises(httpx.TransportError):
        send(api, "b", token=token)
    api.cuts("custom/send", after=True)
    with pytest.raises(httpx.TransportError):
        send(api, "c", token=token)
    api.hangs("custom/send", 5)
    with pytest.raises(httpx.ReadTimeout):
        send(api, "d", token=token, timeout=0.2)
    api.breaks("custom/send")
    with pytest.raises(json.JSONDecodeError):
        send(api, "e", token=token)
    assert [one.text for one in api.pushed("o_1")] == ["a", "c"]
    assert len(api.called("custom/send")) == 6


def test_the_menu_is_kept_and_checked(api: FakeApi) -> None:
    leaf = {"type": "click", "name": "学时查询", "key": "K"}
    top = [{"name": "政策", "sub_button": [leaf, {"type": "view", "name": "登录" * 9, "url": "https://a"}]}, leaf]

    def create(*buttons: dict[str, Any]) -> int:
        return call(api, "menu/create", {"button": list(buttons)})["errcode"]

    assert call(api, "menu/get")["errcode"] == 46003
    assert create(*top) == 0
    assert api.menu == top
    assert call(api, "menu/get")["menu"]["button"][1] == {**leaf, "sub_button": []}
    assert call(api, "get_current_selfmenu_info")["selfmenu_info"]["button"][0]["sub_button"]["list"][0] == leaf
    wrong = {
        40016: [leaf] * 4, 40018: [{**leaf, "name": "一二三四五六"}], 40019: [{**leaf, "key": ""}], 40017: [{**leaf, "type": "x"}],
        40020: [{"type": "view", "name": "a"}], 40023: [{"name": "a", "sub_button": [leaf] * 6}],
        40025: [{"name": "a", "sub_button": [{**leaf, "name": "字" * 21}]}],
    }  # fmt: skip
    assert [create(*buttons) for buttons in wrong.values()] == list(wrong)
    assert call(api, "menu/create", json.dumps({"button": [leaf]}).encode())["errcode"] == 40018  # escapes stay as they are
    assert call(api, "menu/delete")["errcode"] == 0
    assert api.menu is None


def test_the_network_is_checked(api: FakeApi) -> None:
    assert call(api, "getcallbackip")["ip_list"]
    assert call(api, "get_api_domain_ip")["ip_list"]
    assert call(api, "callback/check", {"action": "all", "check_operator": "DEFAULT"})["ping"][0]["package_loss"] == "0%"
    assert call(api, "callback/check", {"action": "x", "check_operator": "DEFAULT"})["errcode"] == 40202
    assert [call(api, "nothing")["errcode"], call(api, "menu/get", token="bad")["errcode"]] == [40066, 40001]
