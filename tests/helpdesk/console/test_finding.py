"""Letters typed fast: none is lost, and Enter means what stands there at that moment, not what came before or comes after."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page, Route, expect

from tests.helpdesk.console.conftest import held_request, hold_up

SignedIn = Callable[[str], Page]
ANSWERS, CHOICES = "**/ask/answer", "**/ask/person"
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


def asked(route: Route) -> tuple[str, str]:
    """The words of a question and the number of the person whom it is about, or nothing."""
    fields = parse_qs(route.request.post_data, keep_blank_values=True)
    return fields["q"][0], fields["person"][0]


def answer(route: Route) -> None:
    route.fulfill(content_type="text/html", body=f'<article class="answer">{asked(route)[0]}</article>')


def two_found(page: Page) -> list[str]:
    """Two people who are offered as callers of a question; their numbers."""
    page.goto("/ask")
    page.locator("#person-q").press_sequentially("zx")
    expect(page.locator("#found .pick")).to_have_count(2)
    return [str(one.get_attribute("data-person")) for one in page.locator("#found .pick").all()]


def test_after_enter_the_box_is_written_over_and_an_answer_that_comes_takes_no_letter_away(signed_in: SignedIn) -> None:
    page = signed_in("agent")
    page.goto("/ask")
    waiting = hold_up(page, ANSWERS)
    page.keyboard.type("学时")
    page.keyboard.press("Enter")
    page.keyboard.type("高")
    answer(held_request(page, waiting))
    expect(page.locator(".answer")).to_have_text(["学时"])
    page.keyboard.type("级")
    expect(page.locator("#q")).to_have_value("高级")


@pytest.mark.parametrize("later", ["视同", ""])
def test_each_enter_asks_what_stood_in_the_box_though_the_answer_before_is_still_to_come(signed_in: SignedIn, later: str) -> None:
    page = signed_in("agent")
    page.goto("/ask")
    waiting = hold_up(page, ANSWERS)
    for words in ("学时", "截止"):
        page.locator("#q").fill(words)
        page.keyboard.press("Enter")
    page.locator("#q").fill(later)
    first = held_request(page, waiting)
    waiting.clear()
    answer(first)
    assert asked(held_request(page, waiting)) == ("截止", "")
    answer(waiting[0])
    expect(page.locator(".answer")).to_have_text(["截止", "学时"])


def test_the_question_takes_the_keys_as_soon_as_its_caller_is_chosen_and_enter_there_asks_nothing(signed_in: SignedIn) -> None:
    page = signed_in("agent")
    page.goto("/ask")
    questions, choices = hold_up(page, ANSWERS), hold_up(page, CHOICES)
    page.keyboard.type("还差")
    page.locator("#person-q").press_sequentially("zxl")
    expect(page.locator("#found .pick")).to_have_text(["赵晓岚"])
    page.keyboard.press("Enter")
    page.keyboard.type("多少")
    held_request(page, choices).continue_()
    expect(page.locator(".chosen")).to_contain_text("赵晓岚")
    page.keyboard.type("学时")
    expect(page.locator("#q")).to_have_value("还差多少学时")
    assert questions == []


def test_the_caller_is_who_was_chosen_last_whatever_order_the_answers_come_in(signed_in: SignedIn) -> None:
    page = signed_in("agent")
    numbers = two_found(page)
    waiting, choices = hold_up(page, CHOICES), []
    for pick in page.locator("#found .pick").all():
        name = pick.inner_text()
        pick.click()
        choices.append(held_request(page, waiting))
        waiting.clear()
    choices[1].continue_()
    expect(page.locator(".chosen")).to_contain_text(name)
    with page.expect_event("requestfinished", lambda request: request.url.endswith("/ask/person")):
        choices[0].continue_()
    page.evaluate("new Promise((done) => setTimeout(done, 100))")
    expect(page.locator(".chosen")).to_contain_text(name)
    expect(page).to_have_url(re.compile(f"person={numbers[1]}$"))


def test_a_question_is_about_whom_was_chosen_when_enter_was_pressed(signed_in: SignedIn) -> None:
    page = signed_in("agent")
    first, second = two_found(page)
    questions, choices = hold_up(page, ANSWERS), hold_up(page, CHOICES)
    for number, words in ((first, "学时"), (second, "截止")):
        page.locator(f'.pick[data-person="{number}"]').click()
        page.locator("#q").fill(words)
        page.keyboard.press("Enter")
    assert asked(held_request(page, questions)) == ("学时", first)
    answer(questions.pop())
    assert asked(held_request(page, questions)) == ("截止", second)
    answer(questions.pop())
    choices[0].fulfill(status=404)
    choices[1].abort()
    expect(page.locator(".toast.bad")).to_have_text("没有选上，请再试一次")
    page.locator("#q").press("Enter")
    assert asked(held_request(page, questions)) == ("截止", "")


def test_another_caller_can_be_named_as_soon_as_the_one_before_is_let_go(signed_in: SignedIn) -> None:
    page = signed_in("agent")
    page.goto(f"/ask?person={two_found(page)[0]}")
    page.get_by_role("button", name="换人或不选").click()
    page.keyboard.type("zxl")
    expect(page.locator("#found .pick")).to_have_text(["赵晓岚"])
    expect(page).to_have_url(re.compile("/ask$"))
    questions = hold_up(page, ANSWERS)
    page.locator("#q").fill("学时")
    page.keyboard.press("Enter")
    assert asked(held_request(page, questions)) == ("学时", "")
