"""Policy questions to the trained bot: the right figures, the clause, follow-ups, several questions, numbers judged."""

import re

import pytest

from tests.dialogue.talking import POLICY_PHONE, Talk
from tests.serving import Server

pytestmark = pytest.mark.model

CLAUSE = "依据：《关于做好2023年专业技术人员继续教育培训工作的通知》"


@pytest.mark.parametrize(
    ("question", "facts"),
    [
        ("每年学时总共要修多少", ["135", "45", "90", "第二部分第（二）项"]),
        ("公需科目一年得学多少", ["45", "第二部分第（二）项"]),
        ("多学的学时能留到下一年吗", ["不得结转", "第二部分第（二）项"]),
        ("公需课去哪个平台学", ["青海干部网络学院", "第三部分"]),
        ("省级基地都有哪些单位", ["青海开放大学", "监狱管理局中心医院", "第四部分"]),
        ("学时申请几号前报给单位", ["12月10日", "第五部分第（三）项"]),
        ("审验截止是什么时候", ["12月20日", "12月31日24时", "第五部分第（三）项"]),
        ("评副高要提交几年的学时", ["4年", "2019", "第六部分第（四）项"]),
        ("法宣在线学的算学时吗", ["不", "第六部分第（五）项"]),
        ("学时造假有什么后果", ["3年", "信用", "第七部分第（三）项"]),
        ("高技能人才评职称看不看继续教育", ["可不作要求", "评审部门", "第六部分第（二）项"]),
    ],
)
def test_a_policy_question_is_answered_with_its_figures_and_its_clause(bot_server: Server, question: str, facts: list[str]):
    reply = Talk(bot_server).say(question)
    assert CLAUSE in reply
    assert [fact for fact in facts if fact not in reply] == []


@pytest.mark.parametrize(
    "question", ["一篇论文能折多少学时", "培训一次收多少钱", "外省的学时转到青海认不认", "证书从哪里下载打印", "初级职称要几年学时"]
)
def test_what_the_notice_does_not_hold_gets_an_honest_answer_with_a_telephone_number(bot_server: Server, question: str):
    reply = Talk(bot_server).say(question)
    assert re.search("没有|未作规定|没收录", reply)
    assert re.search(f"{POLICY_PHONE}|18970996140", reply)


@pytest.mark.parametrize("question", ["今天天气怎么样", "帮我写一首诗", "驾校科目二怎么过", "asdfghjkl"])
def test_what_is_not_our_subject_is_declined_with_the_hotline(bot_server: Server, question: str):
    reply = Talk(bot_server).say(question)
    assert POLICY_PHONE in reply
    assert CLAUSE not in reply


@pytest.mark.parametrize(
    ("first", "then", "fact"),
    [
        ("评副高要几年学时", "那中级呢", "3年"),
        ("公需一年要多少学时", "专业的呢", "90学时"),
        ("公需课在哪里学", "那专业的呢", "基地"),
        ("学时什么时候交给单位", "系统呢，什么时候关", "12月31日"),
        ("什么时候前要提交学时", "要是没赶上呢", "自行承担责任|自己承担|承担责任"),
        ("驻村能抵学时吗", "要是才去了半年呢", "满1年"),
        ("会计的继续教育归谁管", "卫生的呢", "行业主管部门"),
        ("公需科目一年得学多少", "不是，我问的是专业", "90"),
        ("评副高要提交几年的学时", "不对，我说的是中级", "3年"),
        ("学时申请几号前报给单位", "我是问审验", "12月20日"),
    ],
)
def test_a_follow_up_without_a_subject_is_read_with_what_was_asked_before(bot_server: Server, first: str, then: str, fact: str):
    talk = Talk(bot_server)
    talk.say(first)
    assert re.search(fact, talk.say(then))


def test_thanks_in_between_does_not_lose_the_topic(bot_server: Server):
    talk = Talk(bot_server)
    talk.say("评副高要几年学时")
    assert "不客气" in talk.say("谢谢")
    assert "3年" in talk.say("那中级呢")


def test_two_questions_in_one_message_get_both_answers_once(bot_server: Server):
    reply = Talk(bot_server).say("公需课在哪里学？系统什么时候关？")
    assert reply.count("青海干部网络学院") == 1
    assert "12月31日24时" in reply


def test_numbers_in_a_question_are_judged_subject_by_subject(bot_server: Server):
    talk = Talk(bot_server)
    assert re.search(r"还差15学时", talk.say("公需60专业75够不够"))
    assert "够了" in talk.say("公需45专业90行不行")


def test_the_original_text_of_the_last_answer_is_shown_on_request(bot_server: Server):
    talk = Talk(bot_server)
    talk.say("多学的学时能留到下一年吗")
    assert "获得的继续教育学时不得结转或顺延至下一年度" in talk.say("看原文")


def test_a_repeat_says_the_last_answer_again(bot_server: Server):
    talk = Talk(bot_server)
    first = talk.say("评副高要几年学时")
    assert talk.say("再说一遍") == first


def test_an_unsure_turn_offers_choices_and_a_number_takes_one(bot_server: Server):
    for question in ("学习", "继续教育那个事", "培训的事情", "职称学时", "那个审核", "学时的问题"):
        talk = Talk(bot_server)
        if "您是想问" in talk.say(question):
            break
    else:
        pytest.fail("no vague message made the bot ask back")
    offered = talk.buttons
    assert offered[-1] == "都不是"
    chosen = Talk(bot_server).say(offered[0])
    assert talk.say("1") == chosen


def test_none_of_the_choices_leads_to_the_hotline_and_a_human(bot_server: Server):
    talk = Talk(bot_server)
    talk.say("培训的事情")
    reply = talk.say("都不是")
    assert POLICY_PHONE in reply
    assert "转人工" in reply
