"""Coming in: wrong passwords, locked accounts, sessions that end, changes that were not asked for on our page."""

import re
import socket
from datetime import datetime, timedelta

import httpx
import pytest
from playwright.sync_api import expect

from bot.helpdesk.models import StaffSession
from bot.helpdesk.staff import sessions
from bot.settings import load
from tests.helpdesk.chats import ask_for_human, say
from tests.helpdesk.console.conftest import PASSWORD, Console
from tests.serving import bot_command

HOME = {"agent": "/conversations", "admin": "/conversations", "unit": "/ask"}


@pytest.fixture
def client(console):
    with httpx.Client(base_url=console.url, headers={"Origin": console.url}, timeout=30) as client:
        yield client


def come_in(client: httpx.Client, login: str, password: str = PASSWORD) -> httpx.Response:
    return client.post("/login", data={"login": login, "password": password})


def token(client: httpx.Client) -> str:
    return client.get("/account").text.partition('name="csrf" value="')[2].partition('"')[0]


def test_whoever_is_not_signed_in_is_sent_to_the_login_page(client):
    assert client.get("/").headers["location"] == "/login"
    assert client.get("/account").headers["location"].startswith("/login")
    assert client.get("/account", headers={"HX-Request": "true"}).headers["hx-redirect"].startswith("/login")


@pytest.mark.parametrize("login", HOME)
def test_everybody_begins_at_their_own_first_page(client, login):
    assert come_in(client, login).headers["location"] == "/"
    assert client.get("/").headers["location"] == HOME[login]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client):
    cookie = come_in(client, "agent").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Max-Age=43200" in cookie


def test_a_login_ends_the_session_that_the_browser_came_with(client, console):
    come_in(client, "agent")
    before = client.cookies["xst_desk"]
    come_in(client, "agent")
    assert client.cookies["xst_desk"] != before
    assert client.get("/account").status_code == 200
    stale = httpx.get(console.url + "/account", cookies={"xst_desk": before}, timeout=30)
    assert stale.status_code == 303


def test_a_wrong_password_and_an_unknown_login_read_the_same(client):
    said = [come_in(client, login, "wrong password").text.replace(login, "") for login in ("agent2", "nobody")]
    assert said[0] == said[1]
    assert "登录名或密码不对" in said[0]
    come_in(client, "agent2")


def test_after_five_wrong_passwords_the_right_one_opens_nothing_for_a_while(client):
    for _ in range(5):
        assert come_in(client, "unit", "wrong password").status_code == 401
    answer = come_in(client, "unit")
    assert answer.status_code == 401
    assert "再试" in answer.text


def test_a_new_password_from_the_command_line_lets_a_locked_account_in_again(client, console):
    done = bot_command("staff", "password", "unit", env=console.env, input=PASSWORD + "\n")
    assert done.returncode == 0, done.stderr
    assert come_in(client, "unit").status_code == 303


def test_a_disabled_account_is_out_at_once(client, console):
    come_in(client, "agent2")
    assert client.get("/account").status_code == 200
    assert bot_command("staff", "disable", "agent2", env=console.env).returncode == 0
    assert client.get("/account").status_code == 303
    assert come_in(client, "agent2").status_code == 401
    assert bot_command("staff", "enable", "agent2", env=console.env).returncode == 0
    assert come_in(client, "agent2").status_code == 303


def test_a_change_without_the_sessions_token_is_refused(client):
    come_in(client, "agent")
    for given in ({}, {"csrf": "another"}):
        assert client.post("/logout", data=given).status_code == 403
    assert client.get("/account").status_code == 200
    assert client.post("/logout", data={"csrf": token(client)}).status_code == 303
    assert client.get("/account").status_code == 303


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "null", "", "http://[", "http://[x]y"])
def test_a_change_that_another_site_asks_for_is_refused(client, origin):
    come_in(client, "agent")
    right = token(client)
    assert client.post("/logout", data={"csrf": right}, headers={"Origin": origin}).status_code == 403
    assert client.post("/login", data={"login": "agent", "password": PASSWORD}, headers={"Origin": origin}).status_code == 403
    assert client.get("/account").status_code == 200


def test_too_large_a_body_is_refused_before_it_is_read(client):
    come_in(client, "agent")
    large = b"a=" + b"x" * (2 << 20)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/logout", content=large, headers=form).status_code == 413
    assert client.post("/login", content=large, headers=form).status_code == 413
    assert client.post("/logout", content=iter([b"a=1"]), headers=form).status_code == 413  # of a length that is not told
    assert client.get("/account").status_code == 200


@pytest.mark.parametrize("path", ["/data/upload", "/people/search", "/logout"])
def test_nobodys_body_is_read_before_it_is_known_who_sends_it(console, path):
    assert b" 303 " in answer_to_head(console.url, path, 1 << 20)


def test_a_file_is_not_read_from_somebody_who_may_bring_none(console, client):
    come_in(client, "agent")
    cookie = f"Cookie: xst_desk={client.cookies['xst_desk']}\r\n"
    assert b" 403 " in answer_to_head(console.url, "/data/upload", 100 << 20, cookie)


def answer_to_head(url: str, path: str, length: int, more: str = "") -> bytes:
    """The beginning of what is answered to a request whose body never comes."""
    host = url.removeprefix("http://")
    form = "Content-Type: multipart/form-data; boundary=x\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {url}\r\nContent-Length: {length}\r\n{form}{more}\r\n"
    with socket.create_connection(tuple(host.split(":")), timeout=30) as line:
        line.sendall(head.encode())
        return line.recv(100)


@pytest.mark.parametrize("path", ["/people/" + "9" * 20, "/conversations/" + "9" * 5000, "/account?x=%00", "/calls?page=" + "9" * 30])
def test_what_databases_fail_on_is_no_page(client, path):
    come_in(client, "agent")
    answer = client.get(path)
    assert answer.status_code == 404
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_sign_that_no_database_takes_is_refused_in_a_form(client):
    assert come_in(client, "a\0b").status_code == 400
    come_in(client, "agent")
    assert client.post("/people/search", data={"csrf": token(client), "q": "马\0"}).status_code == 400
    transfer = client.post("/conversations/1/transfer", data={"csrf": token(client), "to": "9" * 30})
    assert transfer.status_code < 500


def test_the_token_of_another_session_proves_nothing(client, console):
    come_in(client, "agent")
    with httpx.Client(base_url=console.url, headers={"Origin": console.url}, timeout=30) as other:
        come_in(other, "admin")
        assert client.post("/logout", data={"csrf": token(other)}).status_code == 403


def last_seen(console: Console, back: timedelta | None = None) -> datetime:
    """When somebody was last at the keyboard; with ``back`` it is set so far into the past first."""
    with console.database.write() as session:
        if back is not None:
            session.query(StaffSession).update({"seen_at": load(console.env).now() - back})
        return max(one.seen_at for one in session.query(StaffSession))


def test_what_a_page_asks_for_by_itself_keeps_no_session_from_ending(client, console):
    come_in(client, "agent")
    before = last_seen(console, sessions.IDLE - timedelta(minutes=1))
    for path, headers in (("/waiting", {}), ("/account", {"X-By-Itself": "1"})):
        assert client.get(path, headers=headers).status_code == 200
        assert last_seen(console) == before
    client.get("/account")
    assert last_seen(console) > before


def test_a_conversation_that_goes_on_before_nobody_keeps_no_session_from_ending(signed_in, console):
    page, sender_id = signed_in("agent"), "web:talks-on"
    ticket = ask_for_human(console.database, sender_id, load(console.env).now())
    page.goto("/conversations")
    page.locator(f'.item[data-ticket="{ticket}"]').get_by_role("button", name="接入").click()
    expect(page.locator("#reply-text")).to_be_focused()
    before = last_seen(console, sessions.IDLE - timedelta(minutes=1))
    with page.expect_response("**/seen") as reported:
        say(console.database, sender_id, "还在吗", load(console.env).now())
    assert reported.value.ok
    expect(page.locator("#log")).to_contain_text("还在吗")
    assert last_seen(console) == before


def test_everything_says_that_it_must_not_be_kept_framed_or_read_as_something_else(client):
    come_in(client, "agent")
    headers = client.get("/account").headers
    assert headers["cache-control"] == "no-store"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_static_files_stay_in_the_browser_only_under_the_name_of_their_content(client):
    page = client.get("/login").text
    versioned = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert "immutable" in client.get(versioned).headers["cache-control"]
    assert client.get("/static/console.css").headers["cache-control"] == "no-store"


def test_every_page_says_how_many_wait_for_a_human(signed_in, console):
    page = signed_in("admin")
    page.goto("/account")
    expect(page.locator("#waiting")).to_be_hidden()
    ask_for_human(console.database, "web:waits", load(console.env).now())
    expect(page.locator("#waiting")).to_have_text("1", timeout=20_000)
    expect(page).to_have_title(re.compile(r"^\(1\) "))


def test_somebody_signs_in_changes_the_password_and_signs_in_with_it(signed_in, console):
    page = signed_in("agent")
    page.goto("/account")
    for label, value in (("原密码", PASSWORD), ("新密码（至少 10 个字符）", "another long one"), ("再输入一次新密码", "another long one")):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="更换密码").click()
    expect(page.get_by_role("alert")).to_contain_text("重新登录")
    page.get_by_label("密码").fill("another long one")
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/conversations")
    assert bot_command("staff", "password", "agent", env=console.env, input=PASSWORD + "\n").returncode == 0
