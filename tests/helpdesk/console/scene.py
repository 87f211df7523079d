"""A desk in the middle of its day: two weeks of talk on every channel, people waiting, one in hand, calls, things not understood.

What the bot says here comes from the prepared answers themselves; what people say is made up.
"""

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.answers import Answers
from bot.db import Database
from bot.helpdesk import tickets
from bot.helpdesk.models import Staff
from bot.helpdesk.office import office_hours
from bot.helpdesk.talks import handoff
from bot.helpdesk.telephone import calls
from bot.hours.models import ChatIdentity, Person
from bot.inbox import journal, missed, outbox, reach
from bot.inbox.models import Feedback
from bot.settings import Settings
from policies.notice import Notices, load_notices

SAID = {
    "hours_both": ("一年要学多少", "每年多少课时才够", "学时标准是啥"),
    "carry_over": ("去年多的能挪到今年不", "多出来的学时算明年吗"),
    "submit_deadline": ("几号之前交", "材料啥时候交单位"),
    "training_start": ("啥时候开始学", "今年能学了没"),
    "verify_deadline": ("审验截止几号", "最晚哪天审验"),
    "missed_deadline": ("忘了交怎么办", "单位没给报审验咋办"),
}
ODD = (
    *("老家的证能换青海的吗", "老家的证能不能换成青海的", "老家发的证换青海的行吗"),
    *("学完了咋不给发短信", "学完咋没给发短信", "短信咋不发，我学完了"),
    *("下雪了还培训不", "明天下雪还培训不", "下雪了培训停不停"),
    *("证书上名字印错了", "平台登不上去一直转圈"),
)
SENDERS = {"web": 0.55, "wx": 0.35, "tg": 0.10}


def fill(database: Database, settings: Settings, days: int = 14, seed: int = 7) -> None:
    """Write the whole scene; the present is the settings' own."""
    chance, now = random.Random(seed), settings.now()
    notices = load_notices()
    answers = Answers.from_files(notices)
    with database.write() as session:
        for back in range(days, 0, -1):
            _day(session, answers, now - timedelta(days=back), settings, chance)
    _desk(database, settings, answers, now)
    _calls(database, notices, now, chance)


def _day(session: Any, answers: Answers, day: datetime, settings: Settings, chance: random.Random) -> None:
    questions = [question.key for question in answers.catalogue]
    favourites = questions[:12]
    for _ in range(chance.randint(18, 40)):
        channel = chance.choices(list(SENDERS), list(SENDERS.values()))[0]
        sender = f"{channel}:{chance.randrange(60)}"
        at = day.replace(hour=0, minute=0) + timedelta(minutes=chance.choice((9, 10, 11, 15, 16, 17, 20)) * 60 + chance.randrange(60))
        key = chance.choice(favourites if chance.random() < 0.8 else questions)
        if chance.random() < 0.12:
            _turn(
                session,
                sender,
                chance.choice(ODD),
                {"text": "我没有收录这个问题。", "metadata": {"kind": "fallback", "missed": "not_understood"}},
                at,
            )
            continue
        said = chance.choice(SAID.get(key, (answers.catalogue.get(key).label,)))
        outgoing = _turn(
            session, sender, said, answers.question([key], settings.current_date()).as_message(), at, chance.uniform(0.01, 0.4)
        )
        if chance.random() < 0.3:
            session.add(Feedback(outbox_id=outgoing, sender_id=sender, vote="useful" if chance.random() < 0.85 else "useless", at=at))


def _turn(session: Any, sender: str, said: str, payload: dict[str, Any], at: datetime, took: float = 0.02) -> int:
    channel = sender.partition(":")[0]
    entry = journal.write(session, channel=channel, sender_id=sender, external_id=None, text=said, now=at)
    told = outbox.add(session, sender, [payload], at + timedelta(seconds=took), journal_id=entry.id, state="sent")
    missed.note(session, sender, entry.id, [payload], at)
    journal.mark(session, entry.id, "processed")
    return told[0].id


def _desk(database: Database, settings: Settings, answers: Answers, now: datetime) -> None:
    """Two wait, one left a message, one is in hand on WeChat."""
    office = office_hours(settings)
    today = settings.current_date()
    with database.write() as session:
        agent = session.execute(select(Staff).where(Staff.login == "agent")).scalar_one()
        person = session.execute(select(Person).where(Person.name == "才让·措毛")).scalar_one()
        session.add(ChatIdentity(sender_id="wx:in-hand", person_id=person.id, bound_at=now - timedelta(days=3)))
        reach.opened(session, "wx:in-hand", reach.MESSAGE, now - timedelta(minutes=35))
        numbers = {}
        for sender, said, key, ago in (
            ("wx:in-hand", "材料啥时候交单位", "submit_deadline", 6),
            ("web:waiting", "住院的那年能补不", "silent_makeup", 4),
            ("tg:12345", "我单位没给我报审验咋办", "missed_deadline", 2),
        ):
            at = now - timedelta(minutes=ago)
            _turn(session, sender, said, answers.question([key], today).as_message(), at)
            _turn(session, sender, "转人工", {"text": "已为您登记转人工。", "metadata": {"kind": "human"}}, at + timedelta(seconds=20))
            numbers[sender] = tickets.open_ticket(session, sender, f"faq/{key}", said, at + timedelta(seconds=20), office).number
        tickets.leave_message(session, "web:left", "我的专业课少记了12学时，麻烦查一下", now - timedelta(minutes=50), office)
    handoff.take(database, numbers["wx:in-hand"], agent.id, now - timedelta(minutes=3))
    handoff.reply(
        database,
        numbers["wx:in-hand"],
        agent.id,
        "您好，我看到您的记录了，请稍等，我核对一下今年的专业课。",
        "scene-1",
        now - timedelta(minutes=2),
    )
    handoff.note(database, numbers["wx:in-hand"], agent.id, "今年有两条还是待审验，问过单位了。", now - timedelta(minutes=1))
    with database.write() as session:
        journal.write(session, channel="wx", sender_id="wx:in-hand", external_id=None, text="好的麻烦了，材料单位早就交了的", now=now)


def _calls(database: Database, notices: Notices, now: datetime, chance: random.Random) -> None:
    with database.write() as session:
        agent = session.execute(select(Staff).where(Staff.login == "agent")).scalar_one()
        people = session.execute(select(Person).order_by(Person.id)).scalars().all()
        for number, (said, key, how, detail, phone) in enumerate(
            (
                ("公需课在哪里学", "public_how", "answered", "", ""),
                ("学时证明在哪打印", "op_certificate", "elsewhere", "所在单位人事部门", ""),
                ("我上个月的培训没备案能认不", "filing_missed", "call_back", "问过基地再回", "13800001234"),
                ("公需课到底在哪里学", "public_how", "answered", "", ""),
            )
        ):
            person = people[number % 3] if number != 1 else None
            new = calls.NewCall(
                said, "按通知答复，已读出条款。", how, person.id if person else None, f"faq/{key}", detail=detail, phone=phone
            )
            calls.save(session, new, agent.id, b"scene", (), now - timedelta(hours=30 - 8 * number))
