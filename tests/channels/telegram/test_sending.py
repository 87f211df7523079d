"""What happens when Telegram does not take a message: floods, blocks, broken networks, long texts."""

from bot.inbox import outbox, reach
from bot.inbox.models import Outbox
from tests.channels.conftest import ANSWER, staff_write
from tests.channels.telegram.conftest import Bot, Starter
from tests.telegram_api import TelegramApi


def states(bot: Bot) -> list[tuple[str, str | None]]:
    return [(row.state, row.reason) for row in bot.rows(Outbox)]


def test_what_a_human_writes_in_another_process_is_delivered_in_order(bot: Bot) -> None:
    bot.api.person(11)
    staff_write(bot.context, "tg:11", "一", "二", "三")
    assert [sent.text for sent in bot.api.wait_sent(11, 3)] == ["一", "二", "三"]
    bot.api.wait(lambda: states(bot) == [("sent", None)] * 3)


def test_messages_of_other_channels_are_left_alone(bot: Bot) -> None:
    bot.api.person(11)
    staff_write(bot.context, "wx:11", "别人的")
    staff_write(bot.context, "tg:11", "我们的")
    bot.api.wait_sent(11)
    bot.api.wait(lambda: states(bot) == [("pending", None), ("sent", None)])


def test_a_flood_holds_everybody_back_for_its_seconds(bot: Bot) -> None:
    for number in (11, 12, 13):
        bot.api.person(number)
    bot.api.flood(2, chat_id=11)
    staff_write(bot.context, "tg:11", "一")
    bot.api.wait(lambda: states(bot)[0][1] is not None)  # that everybody has to wait is written down with the reason
    staff_write(bot.context, "tg:12", "二")
    staff_write(bot.context, "tg:13", "三")
    began = bot.api.called("sendMessage")[0].at
    for number in (11, 12, 13):
        assert bot.api.wait_sent(number)[0].at - began >= 2
    bot.api.wait(lambda: [call.status for call in bot.api.called("sendMessage")] == [429, 200, 200, 200])


def test_somebody_who_blocked_us_is_not_tried_again_until_they_come_back(bot: Bot) -> None:
    person = bot.api.person(11)
    person.forbidden = "bot was blocked by the user"  # Telegram has not told us
    staff_write(bot.context, "tg:11", "一", "二")
    bot.api.wait(lambda: states(bot) == [("failed", "blocked")] * 2)
    assert len(bot.api.called("sendMessage")) == 1
    person.unblocks()
    bot.api.wait_taken()
    staff_write(bot.context, "tg:11", "三")
    assert [sent.text for sent in bot.api.wait_sent(11)] == ["三"]


def test_a_block_that_telegram_tells_of_is_remembered_and_a_message_clears_it(bot: Bot) -> None:
    person = bot.api.person(11)
    person.blocks()
    bot.api.wait_taken()
    staff_write(bot.context, "tg:11", "一")
    bot.api.wait(lambda: states(bot) == [("failed", "blocked")])
    assert bot.api.called("sendMessage") == []
    person.forbidden = ""
    person.says("公需")
    assert bot.api.wait_sent(11)[0].text == ANSWER
    with bot.context.database.look() as connection:
        assert reach.of(connection, "tg:11").unreachable is None


def test_a_group_that_sent_us_away_is_not_tried_in_any_topic(bot: Bot) -> None:
    person, forum = bot.api.person(11), bot.api.supergroup(-1002, forum=True)
    forum.removes_bot(person)
    bot.api.wait_taken()
    staff_write(bot.context, "tgg:-1002/7", "一")
    bot.api.wait(lambda: states(bot) == [("failed", "blocked")])
    assert bot.api.called("sendMessage") == []


def test_broken_connections_are_tried_again(bot: Bot) -> None:
    bot.api.person(11)
    for how in ("cut", "502", "500"):
        bot.api.break_next("sendMessage", how=how)
    staff_write(bot.context, "tg:11", "一")
    assert [sent.text for sent in bot.api.wait_sent(11, seconds=30)] == ["一"]
    bot.api.wait(lambda: states(bot)[0][0] == "sent")


def test_what_telegram_refuses_does_not_hold_up_what_follows(bot: Bot) -> None:
    bot.api.person(11)
    staff_write(bot.context, "tg:404", "没有这个聊天")
    staff_write(bot.context, "tgg:11/99", "没有这个话题")
    staff_write(bot.context, "tg:11", "\x00")
    staff_write(bot.context, "tg:11", "后来的")
    assert [sent.text for sent in bot.api.wait_sent(11)] == ["后来的"]
    bot.api.wait(lambda: states(bot) == [("failed", "refused"), ("failed", "refused"), ("failed", "empty"), ("sent", None)])


def test_a_long_answer_comes_in_parts_with_the_buttons_under_the_last(bot: Bot) -> None:
    bot.api.person(11)
    text = "<每年&不少于45学时>。😀" * 700
    payload = {"text": text, "buttons": [{"title": str(n), "payload": f"说{n}"} for n in range(5)]}
    with bot.context.database.begin() as connection:
        outbox.add(connection, "tg:11", [payload], bot.context.settings.now())
    bot.api.wait(lambda: states(bot) == [("sent", None)])
    sent = bot.api.sent(11)
    assert len(sent) > 1
    assert "".join(message.text for message in sent) == text
    assert [bool(message.buttons) for message in sent] == [False] * (len(sent) - 1) + [True]
    assert [len(row) for row in sent[-1].buttons] == [2, 2, 1]


def test_parts_that_have_arrived_are_not_sent_again(bot: Bot) -> None:
    bot.api.person(11)
    bot.api.break_next("sendMessage", how="500", done=False)
    with bot.context.database.begin() as connection:
        (added,) = outbox.add(connection, "tg:11", [{"text": "甲。" * 2048 + "乙。" * 2048}], bot.context.settings.now(), state="waiting")
    with bot.context.database.begin() as connection:
        connection.execute(Outbox.__table__.update().where(Outbox.id == added.id).values(parts=1, state="pending"))
    bot.api.wait(lambda: states(bot) == [("sent", None)])
    (sent,) = bot.api.sent(11)
    assert set(sent.text) == {"乙", "。"}


def test_what_lies_in_the_outbox_is_sent_after_a_restart(start: Starter, api: TelegramApi) -> None:
    api.person(11)
    bot = start(hooked=False)
    api.break_next("sendMessage", 1, "hang", seconds=30)
    staff_write(bot.context, "tg:11", "一")
    bot.api.wait(lambda: api.called("sendMessage"))
    with bot.context.database.begin() as connection:  # a lease of a minute is not waited for here
        connection.execute(Outbox.__table__.update().values(state="pending", due_at=None))
    start()
    assert api.wait_sent(11)[0].text == "一"
