"""Who a chat speaks for: binding, refusals, group chats, and taking it back."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import func, select

from actions.binding import BindNow, CancelBind, MyBinding, SubmitBind, Unbind, ValidateBindForm
from actions.desk import Desk
from bot.helpdesk.models import Sampled
from bot.hours.identity import TRIES_PER_CHAT, bound_person
from bot.hours.models import BindAttempt, ChatIdentity
from bot.inbox import journal, outbox, turns
from bot.inbox.models import DialogueTurn, Journal, Outbox
from bot.nlu.turn import Turn
from tests.actions.conftest import CHAT, DONE, GAPS, LEFT_OUT, Reply, run, tracker_of

GROUP = "tgg:-100123"
WRONG = "ABCDE23456"
EMPTY_FORM = {"bind_code": None, "bind_name": None}


def bind_now(name: str, code: str, sender_id: str = CHAT) -> Reply:
    entities = [{"entity": "bind_name", "value": name}, {"entity": "bind_code", "value": code}]
    return run(BindNow(), tracker_of({"entities": entities}, sender_id))


def bound_name(desk: Desk, sender_id: str = CHAT) -> str | None:
    with desk.database.read() as session:
        person = bound_person(session, sender_id)
        return person.name if person else None


def check_code(text: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    dispatcher = CollectingDispatcher()
    kept = ValidateBindForm().validate_bind_code(text, dispatcher, tracker_of({}), {})
    return kept, dispatcher.messages


def test_name_and_code_in_one_message_bind_the_chat(desk: Desk, code_of: Callable[[str], str]) -> None:
    reply = bind_now(GAPS, code_of(GAPS))
    assert bound_name(desk) == GAPS
    assert reply.slots == {**EMPTY_FORM, "bound": True}
    assert reply.text.startswith("已绑定：才让·措毛（祁连县牧云职业学校")


def test_the_form_binds_with_the_slots_it_gathered_and_forgets_them(desk: Desk, code_of: Callable[[str], str]) -> None:
    slots = {"bind_name": GAPS, "bind_code": code_of(GAPS)}
    reply = run(SubmitBind(), tracker_of({}, slots=slots))
    assert bound_name(desk) == GAPS
    assert reply.slots == {**EMPTY_FORM, "bound": True}


def test_the_reply_to_binding_masks_the_identity_number_and_repeats_no_code(code_of: Callable[[str], str]) -> None:
    code = code_of(GAPS)
    text = bind_now(GAPS, code).text
    assert "632221199006240420" not in text
    assert "0420" in text
    assert "*" in text
    assert code not in text


@pytest.mark.parametrize("spelling", [str.lower, lambda code: f"{code[:5]} {code[5:]}", lambda code: f"{code[:5]}-{code[5:]}"])
def test_a_code_typed_otherwise_binds_as_well(desk: Desk, code_of: Callable[[str], str], spelling: Callable[[str], str]) -> None:
    assert bind_now("才让措毛", spelling(code_of(GAPS))).slots["bound"] is True
    assert bound_name(desk) == GAPS


def test_wrong_code_wrong_name_and_used_code_are_refused_in_the_same_words(desk: Desk, code_of: Callable[[str], str]) -> None:
    code = code_of(GAPS)
    wrong_code = bind_now(GAPS, WRONG)
    wrong_name = bind_now(LEFT_OUT, code)
    unknown_name = bind_now("查无此人", code)
    assert bind_now(GAPS, code, "web:first").slots["bound"] is True
    used = bind_now(GAPS, code)
    assert {wrong_code.text, wrong_name.text, unknown_name.text, used.text} == {
        "姓名与绑定码不匹配，或绑定码已失效，没有绑定。请核对后重试，或向单位重新领取绑定码。"
    }
    assert bound_name(desk) is None
    assert used.slots == {**EMPTY_FORM, "bound": False}


def test_a_message_without_name_or_code_binds_nobody(desk: Desk) -> None:
    assert run(BindNow(), tracker_of({"entities": []})).slots["bound"] is False
    assert bound_name(desk) is None


def test_after_five_wrong_tries_even_the_right_code_must_wait_fifteen_minutes(desk: Desk, code_of: Callable[[str], str]) -> None:
    assert TRIES_PER_CHAT == 5
    code = code_of(GAPS)
    tries = [bind_now(GAPS, WRONG) for _ in range(5)]
    assert all("不匹配" in reply.text for reply in tries)
    locked = bind_now(GAPS, code)
    assert locked.text == "输错次数太多，请15分钟后再试，这次没有绑定。绑定码可向单位重新领取。"
    assert locked.slots["bound"] is False
    assert bound_name(desk) is None


def test_a_lock_on_one_chat_leaves_another_free(desk: Desk, code_of: Callable[[str], str]) -> None:
    code = code_of(GAPS)
    for _ in range(5):
        bind_now(GAPS, WRONG)
    assert bind_now(GAPS, code, "web:other").slots["bound"] is True


def test_a_failed_try_keeps_an_earlier_binding(desk: Desk, code_of: Callable[[str], str]) -> None:
    bind_now(GAPS, code_of(GAPS))
    assert bind_now(LEFT_OUT, WRONG).slots["bound"] is True
    assert bound_name(desk) == GAPS


def test_a_group_chat_is_sent_to_private_chat_and_the_code_stays_unused(desk: Desk, code_of: Callable[[str], str]) -> None:
    code = code_of(GAPS)
    reply = bind_now(GAPS, code, GROUP)
    assert reply.text == "个人学时只在私聊里查询。请单独打开我的对话再问。"
    assert reply.slots["bound"] is False
    assert bound_name(desk, GROUP) is None
    assert bind_now(GAPS, code).slots["bound"] is True


def test_a_group_chat_shows_no_record_even_with_a_binding_in_the_database(desk: Desk, code_of: Callable[[str], str], ask: Any) -> None:
    bind_now(GAPS, code_of(GAPS))
    with desk.database.write() as session:
        session.query(ChatIdentity).filter_by(sender_id=CHAT).update({"sender_id": GROUP})
    assert bound_name(desk, GROUP) == GAPS
    assert ask(Turn("my_year"), sender_id=GROUP).text == "个人学时只在私聊里查询。请单独打开我的对话再问。"
    assert GAPS not in run(MyBinding(), tracker_of({}, GROUP)).text


def test_unbinding_deletes_the_row_and_closes_the_record(desk: Desk, code_of: Callable[[str], str], ask: Any) -> None:
    bind_now(GAPS, code_of(GAPS))
    assert "12.5" in ask(Turn("my_year")).text
    reply = run(Unbind(), tracker_of({}))
    assert reply.text == "已解绑，这个聊天不再对应任何人，此前的问答记录也一并删除了。"
    assert reply.slots == {"bound": False}
    with desk.database.read() as session:
        assert session.execute(select(func.count()).select_from(ChatIdentity)).scalar_one() == 0
    assert "12.5" not in ask(Turn("my_year")).text


def test_unbinding_a_chat_that_is_not_bound_says_so_and_touches_no_other(desk: Desk, code_of: Callable[[str], str]) -> None:
    bind_now(GAPS, code_of(GAPS), "web:other")
    assert run(Unbind(), tracker_of({})).text == "这个聊天还没有绑定。发“绑定”可以开始绑定。"
    assert bound_name(desk, "web:other") == GAPS


def test_my_binding_shows_the_person_masked_with_the_day_of_binding(code_of: Callable[[str], str]) -> None:
    bind_now(GAPS, code_of(GAPS))
    reply = run(MyBinding(), tracker_of({}))
    assert "才让·措毛（祁连县牧云职业学校" in reply.text
    assert "绑定日期2023-11-20" in reply.text
    assert "632221199006240420" not in reply.text
    assert "19900624" not in reply.text
    assert reply.slots == {"bound": True}


def test_my_binding_of_an_unbound_chat_names_nobody(desk: Desk) -> None:
    reply = run(MyBinding(), tracker_of({}))
    assert reply.text == "这个聊天还没有绑定。发“绑定”可以开始绑定。"
    assert reply.slots == {"bound": False}


def test_the_form_keeps_what_has_the_shape_of_a_code(desk: Desk) -> None:
    assert check_code("ABCDE23456") == ({"bind_code": "ABCDE23456"}, [])


@pytest.mark.parametrize("text", ["", "12345", "ABCDE2345O", "ABCDE23451", "ABCDE234567", None])
def test_the_form_refuses_what_cannot_be_a_code_and_says_how_one_looks(desk: Desk, text: Any) -> None:
    kept, messages = check_code(text)
    assert kept == {"bind_code": None}
    assert [message["text"] for message in messages] == ["这不像绑定码。绑定码是10位字母和数字，里面没有数字0、1和字母O、I，请核对后再发。"]


def test_the_form_runs_its_check_inside_the_action_server(desk: Desk) -> None:
    tracker = tracker_of({}, slots={"bind_code": "12345"})
    tracker.active_loop = {"name": "bind_form"}
    tracker.events = [{"event": "slot", "name": "bind_code", "value": "12345"}]
    domain = {"forms": {"bind_form": {"required_slots": ["bind_code", "bind_name"]}}, "slots": {}}
    dispatcher = CollectingDispatcher()
    events = asyncio.run(ValidateBindForm().run(dispatcher, tracker, domain))
    assert {event["name"]: event["value"] for event in events}["bind_code"] is None
    assert len(dispatcher.messages) == 1


def test_leaving_the_form_forgets_what_it_gathered_and_binds_nobody(desk: Desk, code_of: Callable[[str], str]) -> None:
    reply = run(CancelBind(), tracker_of({}, slots={"bind_code": code_of(GAPS), "bind_name": GAPS}))
    assert reply.text == "已取消绑定，什么也没有保存。还有问题直接问我。"
    assert reply.slots == EMPTY_FORM
    assert bound_name(desk) is None


def test_unbinding_deletes_what_was_said_in_this_chat_but_the_message_being_answered(desk: Desk, code_of: Callable[[str], str]) -> None:
    bind_now(GAPS, code_of(GAPS))
    with desk.database.write() as session:
        ids = [
            journal.write(session, channel="web", sender_id=sender, external_id=None, text="解绑", now=desk.now).id
            for sender in (CHAT, CHAT, "web:other")
        ]
        for sender, number in zip((CHAT, CHAT, "web:other"), ids, strict=True):
            outbox.add(session, sender, [{"text": "答"}], desk.now, journal_id=number)
            turns.add(session, turns.StoredTurn(sender, number, desk.now, "[]", "{}"))
    run(Unbind(), tracker_of({"metadata": {"journal_id": ids[1]}}))
    with desk.database.read() as session:
        assert session.execute(select(Journal.id)).scalars().all() == ids[1:]
        assert session.execute(select(Outbox.sender_id)).scalars().all() == ["web:other"]
        assert session.execute(select(DialogueTurn.sender_id)).scalars().all() == ["web:other"]


def test_binding_to_somebody_else_deletes_what_was_said_for_the_person_before(desk: Desk, code_of: Callable[[str], str]) -> None:
    bind_now(GAPS, code_of(GAPS))
    with desk.database.write() as session:
        journal.write(session, channel="web", sender_id=CHAT, external_id=None, text="我今年还差多少", now=desk.now)
    bind_now(GAPS, code_of(GAPS))
    with desk.database.read() as session:
        assert len(session.execute(select(Journal.id)).all()) == 1, "the same person once more"
    assert bind_now(DONE, code_of(DONE)).slots["bound"] is True
    with desk.database.read() as session:
        assert session.execute(select(Journal.id)).all() == []


def test_unbinding_takes_what_was_said_out_of_the_sample(desk: Desk, code_of: Callable[[str], str]) -> None:
    bind_now(GAPS, code_of(GAPS))
    with desk.database.write() as session:
        for number, sender, verdict in ((1, CHAT, None), (2, CHAT, "right"), (3, "web:other", None)):
            row = {"sender_id": sender, "question": "问", "answer": "答", "verdict": verdict, "asked_at": desk.now}
            session.add(Sampled(week=desk.today, outbox_id=number, **row))
    run(Unbind(), tracker_of({}))
    with desk.database.read() as session:
        left = session.execute(select(Sampled.outbox_id, Sampled.sender_id, Sampled.question, Sampled.verdict).order_by(Sampled.outbox_id))
        assert [tuple(row) for row in left] == [(2, "", "", "right"), (3, "web:other", "问", None)]


def test_the_same_binding_message_twice_is_answered_as_bound_and_no_other_chat_can_use_the_code(
    desk: Desk, code_of: Callable[[str], str]
) -> None:
    code = code_of(GAPS)
    first, second = bind_now(GAPS, code), bind_now(GAPS, code)
    assert first.text == second.text
    assert second.slots["bound"] is True
    assert bind_now(GAPS, code, "web:other").slots["bound"] is False
    with desk.database.read() as session:
        assert session.execute(select(BindAttempt.sender_id)).scalars().all() == ["web:other"], "only that counts as a wrong try"
    run(Unbind(), tracker_of({}))
    assert bind_now(GAPS, code).slots["bound"] is False, "a code that was taken back binds nobody"
