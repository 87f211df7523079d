"""In a group chat the bind form ends before anybody writes a code where others read along."""

import asyncio
from typing import Any

import pytest
from rasa_sdk.executor import CollectingDispatcher

from actions.binding import SubmitBind, ValidateBindForm
from actions.desk import Desk
from tests.actions.conftest import run, tracker_of

DOMAIN: dict[str, Any] = {"forms": {"bind_form": {"required_slots": ["bind_code", "bind_name"]}}, "slots": {}}


def requested(sender_id: str) -> str | None:
    """The value that the form asks for first."""
    tracker = tracker_of({"intent": {"name": "bind"}}, sender_id)
    tracker.active_loop = {"name": "bind_form"}
    tracker.events = []
    events = asyncio.run(ValidateBindForm().run(CollectingDispatcher(), tracker, DOMAIN))
    asked: str | None = {event["name"]: event["value"] for event in events}["requested_slot"]
    return asked


@pytest.mark.parametrize(("sender_id", "value"), [("tgg:-5", None), ("tg:5", "bind_code"), ("web:5", "bind_code"), ("wx:5", "bind_code")])
def test_the_form_asks_for_a_code_in_private_chats_only(desk: Desk, sender_id: str, value: str | None) -> None:
    assert requested(sender_id) == value


def test_a_form_that_ended_in_a_group_chat_sends_people_to_private_chat(desk: Desk) -> None:
    reply = run(SubmitBind(), tracker_of({}, "tgg:-5"))
    assert reply.text == "个人学时只在私聊里查询。请单独打开我的对话再问。"
    assert reply.slots == {"bind_code": None, "bind_name": None, "bound": False}
