"""Binding and a person's own record, against the figures that the command line prints."""

import re

import pytest
from sqlalchemy import create_engine, text

from tests.dialogue.talking import Talk, figure, issue, status
from tests.serving import Server

pytestmark = pytest.mark.model

COMPLETE, GAP, JUNIOR = "630104198503170314", "632221199006240420", "632122199311080188"
EXEMPT, ACCOUNTING = "630105197902280133", "632323199512130441"
EVERYBODY = [COMPLETE, GAP, JUNIOR, "632521198709020573", "632801198805190266", EXEMPT, ACCOUNTING, "632721197608050358"]


def test_binding_in_one_message_says_who_is_bound_and_masks_the_number(bot_server: Server):
    reply = Talk(bot_server).bind(COMPLETE)
    assert "已绑定" in reply
    assert "马占海" in reply
    assert COMPLETE not in reply
    assert "6301**********0314" in reply


def test_the_guided_form_binds_and_answers_questions_on_the_way(bot_server: Server):
    talk = Talk(bot_server)
    name, code = issue(bot_server, GAP)
    assert "绑定码" in talk.say("绑定")
    aside = talk.say("公需一年要多少学时")
    assert "45" in aside
    assert "绑定码" in aside
    assert "姓名" in talk.say(code)
    assert "姓名" in talk.say("系统什么时候关")
    assert "已绑定" in talk.say(name)
    assert re.search("还差" + figure(status(bot_server, GAP)["year"]["missing"]["public"]), talk.say("我今年还差多少"))


def test_saying_bind_again_inside_the_form_goes_on_with_it(bot_server: Server):
    talk = Talk(bot_server)
    name, code = issue(bot_server, JUNIOR)
    talk.say("绑定")
    assert "绑定码" in talk.say("绑定")
    assert "姓名" in talk.say(code)
    assert "姓名" in talk.say("怎么绑定")
    assert "已绑定" in talk.say(name)


@pytest.mark.parametrize("attempt", ["AAAA", "K7M2P9", "1234567890"])
def test_what_is_meant_as_a_code_but_is_none_is_told_so(bot_server: Server, attempt: str):
    talk = Talk(bot_server)
    talk.say("绑定")
    assert "不像绑定码" in talk.say(attempt)


def test_cancelling_leaves_the_form_and_forgets_the_code(bot_server: Server):
    talk = Talk(bot_server)
    _, code = issue(bot_server, JUNIOR)
    talk.say("绑定")
    talk.say(code)
    assert "已取消" in talk.say("取消")
    assert "绑定码" in talk.say("绑定")
    talk.say("取消")
    assert "135" in talk.say("一年要多少学时")


def test_a_human_is_called_from_inside_the_form(bot_server: Server):
    talk = Talk(bot_server)
    talk.say("绑定")
    assert "编号" in talk.say("转人工")


def test_a_wrong_code_binds_nobody_and_does_not_say_which_part_was_wrong(bot_server: Server):
    wrong_code = Talk(bot_server).say("绑定 马占海 ABCDEFGH23")
    wrong_name = Talk(bot_server).say(f"绑定 无此人 {issue(bot_server, COMPLETE)[1]}")
    assert "没有绑定" in wrong_code
    assert wrong_code == wrong_name


def test_a_code_serves_once(bot_server: Server):
    name, code = issue(bot_server, COMPLETE)
    assert "已绑定" in Talk(bot_server).say(f"绑定 {name} {code}")
    assert "没有绑定" in Talk(bot_server).say(f"绑定 {name} {code}")


def test_after_unbinding_nothing_is_told(bot_server: Server):
    talk = Talk(bot_server)
    talk.bind(COMPLETE)
    assert "马占海" in talk.say("我绑定的是谁")
    assert "已解绑" in talk.say("解绑")
    reply = talk.say("我今年够不够")
    assert "绑定" in reply
    assert not re.search(figure(status(bot_server, COMPLETE)["year"]["verified"]["total"]), reply)


@pytest.mark.parametrize("question", ["我今年还差多少学时", "我报副高够不够", "我哪几年达标", "我有没有待审的学时", "我的驻村抵了哪年"])
def test_somebody_unbound_is_asked_to_bind(bot_server: Server, question: str):
    assert "绑定" in Talk(bot_server).say(question)


@pytest.mark.parametrize("id_number", EVERYBODY)
def test_a_bound_person_reads_the_figures_of_their_year(bot_server: Server, id_number: str):
    talk = Talk(bot_server)
    talk.bind(id_number)
    reply = talk.say("我今年的学时够不够")
    year = status(bot_server, id_number)["year"]
    for subject in ("public", "professional"):
        assert re.search(figure(year["verified"][subject]), reply), (subject, reply)
        if year["missing"][subject] and not year["credited_by"]:
            assert re.search("还差" + figure(year["missing"][subject]), reply), (subject, reply)
    assert ("还差" in reply) == (not year["complete"])


@pytest.mark.parametrize("id_number", EVERYBODY)
@pytest.mark.parametrize(("level", "word"), [("senior", "高级"), ("intermediate", "中级")])
def test_a_bound_person_reads_whether_the_years_suffice_for_a_title(bot_server: Server, id_number: str, level: str, word: str):
    talk = Talk(bot_server)
    talk.bind(id_number)
    verdict = talk.say(f"我报{word}职称学时够不够").splitlines()[0]
    title = status(bot_server, id_number)["title"][level]
    if title["exempt"]:
        assert "可不作要求" in verdict
    elif title["eligible"]:
        assert "已满足" in verdict
        assert f"{title['qualified_years']}个合格年度" in verdict
    else:
        assert f"还差{title['missing_years']}年" in verdict


def test_follow_ups_after_the_record_stay_with_the_record(bot_server: Server):
    talk = Talk(bot_server)
    talk.bind(GAP)
    title = status(bot_server, GAP)["title"]
    assert "高级" in talk.say("我报副高够不够")
    assert f"{title['intermediate']['qualified_years']}个合格年度" in talk.say("那中级呢")
    assert "2022" in talk.say("去年呢").splitlines()[0]
    assert "12月10日" in talk.say("那我什么时候前要交给单位")


def test_a_past_year_that_a_credit_serves_says_so(bot_server: Server):
    talk = Talk(bot_server)
    talk.bind("632521198709020573")
    served = re.search(r"驻村视同完成(\d{4})年度", talk.say("我报副高够不够"))
    assert served is not None
    assert "按驻村经历视同完成" in talk.say(f"我{served[1]}年的学时呢")


def test_a_year_to_come_is_not_guessed(bot_server: Server):
    talk = Talk(bot_server)
    talk.bind(COMPLETE)
    assert "还没有到" in talk.say("我2025年的学时是多少")


def test_what_if_and_plan_compute_with_the_own_record(bot_server: Server):
    talk = Talk(bot_server)
    talk.bind(JUNIOR)
    assert "达标" in talk.say("我再学20个专业够不够")
    assert re.search(r"每周要学\d", talk.say("每周要学几个学时才能学完"))


def test_uncounted_records_are_named_with_their_reason(bot_server: Server):
    told = []
    for id_number in EVERYBODY:
        talk = Talk(bot_server)
        talk.bind(id_number)
        told.append(talk.say("我的哪些记录没有计入"))
    assert any("不作学时登记" in reply for reply in told)


def test_calling_a_human_opens_one_ticket_with_the_right_numbers(bot_server: Server):
    talk = Talk(bot_server)
    talk.say("评副高要几年学时")
    first = talk.say("转人工")
    assert "0971-8258157" in first
    assert "18970996140" in first
    again = talk.say("人工")
    number = re.search(r"编号(\d+)", first)
    assert number is not None
    assert f"编号{number[1]}" in again
    with create_engine(bot_server.env["BOT_DATABASE_URL"]).connect() as connection:
        rows = connection.execute(text("SELECT topic FROM ticket WHERE sender_id = :s"), {"s": f"rest:{talk.sender}"}).all()
    assert rows == [("title_senior",)]
