"""In a group chat the bind form ends before anybody writes a code where others read along."""

import asyncio
from typing import Any

import pytest
from rasa_sdk.executor import CollectingDispatcher

from actions.binding import SubmitBind, ValidateBindForm
from actions.desk import Desk
from tests.actions.conftest import run, tracker_of

DOMAIN: dict[str, Any] = {"forms": {"bind_form": {"required_slots": ["bind_code", "bind_name"]}}, "slots": {}}


def ended(sender_id: str) -> bool:
    """Whether the form ends at once; otherwise Rasa goes on to ask for the first value."""
    tracker = tracker_of({"intent": {"name": "bind"}}, sender_id)
    tracker.active_loop = {"name": "bind_form"}
    events = asyncio.run(ValidateBindForm().run(CollectingDispatcher(), tracker, DOMAIN))
    return {"requested_slot": None} in [{event["name"]: event["value"]} for event in events]


@pytest.mark.parametrize(("sender_id", "ends"), [("tgg:-5", True), ("tg:5", False), ("web:5", False), ("wx:5", False)])
def test_the_form_goes_on_in_private_chats_only(desk: Desk, sender_id: str, ends: bool) -> None:
    assert ended(sender_id) == ends


def test_a_form_that_ended_in_a_group_chat_sends_people_to_private_chat(desk: Desk) -> None:
    reply = run(SubmitBind(), tracker_of({}, "tgg:-5"))
    assert reply.text == "个人学时只在私聊里查询。请单独打开我的对话再问。"
    assert reply.slots == {"bind_code": None, "bind_name": None, "bound": False}
