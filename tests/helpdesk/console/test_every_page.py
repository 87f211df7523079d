"""What holds for every page: roles, no other host, no complaint of the browser, no serious fault of accessibility, two screen sizes."""

import re
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from bot.helpdesk.console.navigation import ITEMS
from bot.settings import load
from tests.helpdesk.console.conftest import PASSWORD, SIZE, enter
from tests.helpdesk.console.scene import fill

STAFF = ("agent", "admin")
MORE = {
    "/account": ("agent", "admin", "unit"),
    "/people/1": ("agent", "admin", "unit"),
    "/conversations/1": STAFF,
    "/calls/new": STAFF,
    "/calls/1": STAFF,
    "/learning/lessons": STAFF,
    "/learning/models": STAFF,
    "/dashboard/list/messages": STAFF,
}
PAGES = {item.path: item.roles for item in ITEMS} | MORE
ROLES = ("agent", "admin", "unit")
SERIOUS = ("serious", "critical")
SIZES = ((1366, 768), (1024, 768), (768, 1024))


@pytest.fixture(scope="module", autouse=True)
def busy(console):
    """A desk in the middle of its day: an empty page hides its faults."""
    fill(console.database, load(console.env), days=7)


@pytest.fixture(scope="module")
def clients(console):
    """Everybody signed in, without a browser."""
    opened = {role: httpx.Client(base_url=console.url, headers={"Origin": console.url}, timeout=30) for role in ROLES}
    for role, client in opened.items():
        assert client.post("/login", data={"login": role, "password": PASSWORD}).status_code == 303
    yield opened
    for client in opened.values():
        client.close()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_for_the_roles_it_is_for_and_for_no_other(clients, path, role):
    status = clients[role].get(path).status_code
    assert status == (200 if role in PAGES[path] else 403)


def every_route(app):
    return [route for route in app.routes if hasattr(route, "methods")]


def test_every_route_demands_a_login(console, clients):
    """The routes themselves, not a list of ours: whoever adds one without a role is caught."""
    from bot.helpdesk.console.app import create_app

    app = create_app(None)  # type: ignore[arg-type]
    open_routes = {"/login"}
    for route in every_route(app):
        path = re.sub(r"\{[^}]+\}", "1", route.path)
        if route.path in open_routes:
            continue
        for method in route.methods - {"HEAD", "OPTIONS"}:
            answer = httpx.request(method, console.url + path, headers={"Origin": console.url})
            assert answer.status_code in (303, 403, 422), (method, path, answer.status_code)
            assert answer.status_code != 422 or method != "GET", path


@pytest.fixture(scope="module")
def admin_page(console, browser):
    complaints: list[str] = []
    context = browser.new_context(base_url=console.url, locale="zh-CN", viewport=SIZE)
    page = enter(context.new_page(), "admin", complaints)
    yield page, complaints
    context.close()


ADMIN_PAGES = [path for path, roles in PAGES.items() if "admin" in roles]


@pytest.mark.parametrize("path", ["/login", *ADMIN_PAGES])
def test_a_page_loads_from_nowhere_else_complains_of_nothing_and_can_be_used_by_all(admin_page, console, path):
    page, complaints = admin_page
    complaints.clear()
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc) if not request.url.startswith(("data:", "blob:")) else None)
    page.goto(path, wait_until="load")
    page.wait_for_timeout(300)
    assert hosts <= {urlsplit(console.url).netloc}
    assert faults(page) == []
    assert complaints == []


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_no_page_has_to_be_moved_sideways(admin_page, size):
    page, _ = admin_page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    wide = []
    for path in ADMIN_PAGES:
        page.goto(path, wait_until="load")
        if page.evaluate("document.querySelector('.page').scrollWidth > document.querySelector('.page').clientWidth + 1"):
            wide.append(path)
    page.set_viewport_size({"width": 1366, "height": 768})
    assert wide == []


def faults(page: Page) -> list[str]:
    """Serious and critical findings of axe-core, with where they are."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {[node['target'] for node in one['nodes']][:5]}" for one in found if one["impact"] in SERIOUS]
