"""Whatever fails, nobody waits for long without a word, nothing is lost and nothing comes twice."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.channels.conftest import ANSWER, TELEPHONE
from tests.channels.telegram.conftest import Bot, Starter

SOON = 4.5


@pytest.fixture
def bot(start: Starter) -> Bot:
    """It speaks a second and a half before it has to."""
    return start(late=3.0)


@contextmanager
def locked(bot: Bot, seconds: float) -> Iterator[None]:
    """Another program holds the database's write lock for a while."""
    held = threading.Event()

    def hold() -> None:
        connection = sqlite3.connect(bot.context.database.file, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        held.set()
        time.sleep(seconds)
        connection.execute("ROLLBACK")
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    yield
    thread.join()


def told(texts: list[str]) -> list[bool]:
    """Which of the messages are friendly notices."""
    return [TELEPHONE in text and text != ANSWER for text in texts]


def test_an_answer_that_takes_long_is_announced_once_and_comes(bot: Bot) -> None:
    bot.rasa.seconds = 5.5
    began = time.time()
    bot.api.person(11).says("公需")
    notice, answer = bot.api.wait_sent(11, 2, seconds=12)
    assert notice.at - began < SOON
    assert told([notice.text, answer.text]) == [True, False]
    assert answer.text == ANSWER
    assert [row.kind for row in bot.outbox] == ["notice", "faq"]


def test_several_late_answers_of_one_chat_are_announced_once(bot: Bot) -> None:
    bot.rasa.seconds = 2.5
    person = bot.api.person(11)
    for number in range(3):
        person.says(f"问{number}")
    sent = bot.api.wait_sent(11, 4, seconds=15)
    assert sum(told([message.text for message in sent])) == 1


@pytest.mark.parametrize("seconds", [0.0, 4.6])
def test_one_that_is_put_back_is_announced_once(bot: Bot, seconds: float) -> None:
    bot.rasa.seconds = seconds
    bot.api.person(11).says("总是不行")
    (notice,) = bot.api.wait_sent(11)
    assert told([notice.text]) == [True]
    bot.api.wait(lambda: bot.context.intake.backlog.waiting)
    time.sleep(0.5)
    assert len(bot.api.sent(11)) == 1


def test_a_rasa_that_fails_costs_one_sentence(bot: Bot) -> None:
    began = time.time()
    bot.api.person(11).says("坏")
    (sent,) = bot.api.wait_sent(11)
    assert sent.at - began < SOON
    assert told([sent.text]) == [True]


def test_a_locked_database_is_told_of_in_time_and_the_message_is_answered(bot: Bot) -> None:
    began = time.time()
    with locked(bot, 7):
        bot.api.person(11).says("公需")
        (notice,) = bot.api.wait_sent(11)
        assert notice.at - began < SOON
        assert told([notice.text]) == [True]
    texts = [sent.text for sent in bot.api.wait_sent(11, 2, seconds=15)]
    assert texts[1] == ANSWER
    bot.api.wait_taken()
    time.sleep(0.5)
    assert len(bot.api.sent(11)) == 2
    assert len(bot.journal) == 1


def test_a_database_that_locks_while_an_answer_is_made_is_told_of_in_time(bot: Bot) -> None:
    bot.rasa.seconds = 1.0
    bot.api.person(11).says("公需")
    bot.api.wait(lambda: bot.rasa.asked)
    began = time.time()
    with locked(bot, 7):
        (notice,) = bot.api.wait_sent(11)
        assert notice.at - began < SOON
    assert told([notice.text]) == [True]
    time.sleep(1)
    assert sum(told([sent.text for sent in bot.api.sent(11)])) == 1


def test_a_database_that_is_gone_is_503_told_once_and_answered_when_it_is_back(bot: Bot) -> None:
    file = bot.context.database.file
    away = file.with_suffix(".away")
    file.rename(away)
    began = time.time()
    person = bot.api.person(11)
    person.says("公需")
    (notice,) = bot.api.wait_sent(11)
    assert notice.at - began < SOON
    assert told([notice.text]) == [True]
    bot.api.wait(lambda: bot.api.updates.last_error)
    assert "503" in bot.api.updates.last_error[1]
    time.sleep(0.5)  # brought again meanwhile
    assert len(bot.api.sent(11)) == 1
    away.rename(file)
    assert bot.api.wait_sent(11, 2)[1].text == ANSWER


def test_two_hundred_deliveries_of_one_update_have_one_answer(bot: Bot) -> None:
    update = bot.api.person(11).says("慢")
    bot.api.wait_taken()
    assert set(bot.api.deliver_again(update, 200)) == {""}
    bot.api.wait_sent(11)
    time.sleep(0.5)
    assert len(bot.api.sent(11)) == 1
    assert len(bot.rasa.asked) == 1
    assert [(row.deliveries, row.state) for row in bot.journal] == [(201, "processed")]


def test_two_hundred_people_at_once_are_all_answered(bot: Bot) -> None:
    people = [bot.api.person(number) for number in range(100, 300)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda person: person.says("公需"), people))
    for person in people:
        assert [sent.text for sent in bot.api.wait_sent(person.id, seconds=30)] == [ANSWER]


def test_the_webhook_answers_before_the_work_is_done(bot: Bot) -> None:
    bot.rasa.seconds = 3
    update = bot.api.person(11).says("公需").to_dict()
    bot.api.wait_taken()
    began = time.monotonic()
    assert bot.post({**update, "update_id": 5}).status_code == 200
    assert time.monotonic() - began < 1
    assert bot.api.sent(11) == []


@pytest.mark.parametrize("what", ["tap", "member", "move"])
def test_what_needs_the_database_is_brought_again_without_it(bot: Bot, what: str) -> None:
    file = bot.context.database.file
    file.rename(file.with_suffix(".away"))
    person, group = bot.api.person(11), bot.api.group(-5)
    {"tap": lambda: tap(bot, person), "member": person.blocks, "move": lambda: group.upgrade(-50, person)}[what]()
    bot.api.wait(lambda: bot.api.updates.last_error)
    assert "503" in bot.api.updates.last_error[1]
    assert bot.api.updates.pending
    file.with_suffix(".away").rename(file)
    bot.api.wait_taken()


def tap(bot: Bot, person: object) -> None:
    message = person.says("公需")
    bot.post({"update_id": 3, "callback_query": {
        "id": "1", "from": person.user, "chat_instance": "1", "data": "x", "message": message.to_dict()["message"],
    }})  # fmt: skip
