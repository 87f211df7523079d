"""Letters typed fast: none is lost, and Enter means whoever the last of them name, not whom an answer to fewer letters named."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.helpdesk.console.conftest import held_request, hold_up

SignedIn = Callable[[str], Page]
FOCUSED_AT_FIRST = "addEventListener('DOMContentLoaded', () => { window.first = document.activeElement.id; })"


@pytest.mark.parametrize(("path", "field"), [("/people", "q"), ("/ask", "q"), ("/calls/new", "who"), ("/report", "unit")])
def test_the_field_a_page_begins_with_takes_keys_before_the_first_frame_is_drawn(signed_in: SignedIn, path: str, field: str) -> None:
    page = signed_in("admin")
    page.add_init_script(FOCUSED_AT_FIRST)
    page.goto(path)
    assert page.evaluate("window.first") == field


def test_a_call_is_of_whom_all_letters_name_though_an_answer_to_fewer_comes_after_enter(signed_in: SignedIn) -> None:
    page = signed_in("agent")
    page.goto("/calls/new")
    waiting = hold_up(page, "**/calls/people")
    page.keyboard.type("z")
    first = held_request(page, waiting)
    page.keyboard.type("xl")
    page.keyboard.press("Enter")
    first.continue_()
    page.unroute("**/calls/people")
    expect(page.locator(".picked")).to_contain_text("赵晓岚")
    expect(page.locator("#question")).to_be_focused()


def test_a_call_is_of_whom_all_letters_name_though_an_answer_to_fewer_came_before_enter(signed_in: SignedIn) -> None:
    page = signed_in("agent")
    page.goto("/calls/new")
    page.keyboard.type("zx")
    expect(page.locator("#found li[data-id]")).to_have_count(2)
    waiting = hold_up(page, "**/calls/people")
    page.keyboard.type("l")
    page.keyboard.press("Enter")
    held = held_request(page, waiting)
    expect(page.locator(".picked")).to_have_count(0)
    held.continue_()
    page.unroute("**/calls/people")
    expect(page.locator(".picked")).to_contain_text("赵晓岚")


def test_enter_opens_the_only_one_found_by_the_words_that_stand_there(signed_in: SignedIn) -> None:
    page = signed_in("agent")
    page.goto("/people")
    page.keyboard.type("crcm")
    expect(page.locator("#found .pick")).to_have_text(["才让·措毛"])
    waiting = hold_up(page, "**/people/search")
    page.locator("#q").fill("zxl")
    page.keyboard.press("Enter")
    held = held_request(page, waiting)
    held.continue_()
    page.unroute("**/people/search")
    expect(page.get_by_role("heading", level=1)).to_have_text("赵晓岚")


def test_enter_opens_nobody_while_several_are_found(signed_in: SignedIn) -> None:
    page = signed_in("agent")
    page.goto("/people")
    page.keyboard.type("zx")
    with page.expect_response("**/people/search"):
        page.keyboard.press("Enter")
    expect(page.locator("#found .pick")).to_have_count(2)
    page.keyboard.type("l")
    expect(page.locator("#found .pick")).to_have_text(["赵晓岚"])
    expect(page).to_have_url(re.compile("/people$"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("赵晓岚")


def test_enter_chooses_the_only_one_found_as_the_caller_of_a_question(signed_in: SignedIn) -> None:
    page = signed_in("agent")
    page.goto("/ask")
    page.locator("#person-q").press_sequentially("zxl")
    expect(page.locator("#found .pick")).to_have_text(["赵晓岚"])
    page.locator("#person-q").dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    expect(page.locator("#found .pick")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".chosen")).to_contain_text("赵晓岚")
    expect(page.locator("#q")).to_be_focused()


def test_enter_in_the_question_chooses_nobody(signed_in: SignedIn) -> None:
    page = signed_in("agent")
    page.goto("/ask")
    page.locator("#person-q").press_sequentially("zxl")
    expect(page.locator("#found .pick")).to_have_text(["赵晓岚"])
    page.locator("#q").press("Enter")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#found .pick")).to_have_text(["赵晓岚"])
    expect(page.locator(".chosen")).to_have_count(0)
