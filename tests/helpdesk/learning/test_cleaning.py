"""What becomes of a sentence before it is taught: nothing of a person, nothing that Rasa reads as markup."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.helpdesk.learning.cleaning import EMPTY, LONGEST, TOO_LONG, Unfit, cleaned, names_in
from bot.hours.identity import fold_name
from bot.hours.models import ChatIdentity, Person
from tests.helpdesk.conftest import NOW


@pytest.mark.parametrize(
    ("said", "taught"),
    [
        ("我叫王芳，今年学时够不够", "今年学时够不够"),
        ("我叫王小明我今年还差多少", "我今年还差多少"),
        ("我是李强，想问公需", "想问公需"),
        ("我叫扎西多杰 学时查询", "学时查询"),
        ("6301**********101X 这个证件能查不", "这个证件能查不"),
        ("630102199003071234能查不", "能查不"),
        ("138****5678收不到短信", "收不到短信"),
        ("13812345678收不到短信", "收不到短信"),
        ("码是K7********怎么过期了", "码是 怎么过期了"),
        ("码是K7M2Q9ABCD怎么过期了", "码是 怎么过期了"),
        ("[公需](subject)要多少", "公需要多少"),
        ("/公需{a}要[多少]", "公需 a 要 多少"),
        ("- 换单位了\n学时带不带", "换单位了 学时带不带"),
        ("卓玛还差多少", "还差多少"),
        ("扎西的学时够不够", "的学时够不够"),
        ("帮看下达娃今年的公需", "帮看下 今年的公需"),
        ("帮看下才让今年的公需", "帮看下 今年的公需"),
        ("她叫多杰措，帮看看", "她叫 ,帮看看"),
        ("公保才让卓玛措够了没", "够了没"),
        ("查一下张伟的学时", "查一下 的学时"),
        ("我的邮箱zhangsan.88@mail.example.com收不到验证码怎么办", "我的邮箱 收不到验证码怎么办"),
        ("我微信号lisi_88怎么绑定", "我微信号 怎么绑定"),
        ("我的微信是zs-1990绑不上", "我的微信 绑不上"),
        ("加我qq 88123456发我", "加我qq 发我"),
        ("打我座机0971-6123456说一下公需课", "打我座机 说一下公需课"),
        ("打(0971)6123456没人说公需课", "打 没人说公需课"),
        ("我电话6123456怎么没人回", "我电话 怎么没人回"),
        ("军官证字第1234567号可以绑定吗", "军官证字第 号可以绑定吗"),
        ("军官证南字第123456号可以绑定吗", "军官证南字第 号可以绑定吗"),
        ("护照E12345678能绑定吗", "护照 能绑定吗"),
        ("港澳居民通行证H1234567绑定", "港澳居民通行证 绑定"),
        ("身份证后四位101X查不到学时", "身份证后四位 查不到学时"),
        ("尾号是5678的收不到短信", "尾号 的收不到短信"),
        ("我是1985年3月12日出生的要学吗", "我是 出生的要学吗"),
        ("我生日1985-03-12还要学公需吗", "我生日 还要学公需吗"),
        ("电话0971-8258157打不通", "电话 打不通"),
        ("车牌青A12345能进去参加面授不", "车牌 能进去参加面授不"),
    ],
)
def test_people_and_markup_are_taken_out(said, taught):
    assert cleaned(said) == taught


@pytest.mark.parametrize(
    "said",
    [
        "我是单位人事，学时怎么报",
        "我是高级教师要多少学时",
        "我是马上要评副高的",
        "姓名填错了怎么改",
        "公需要45，专业要90吗",
        "备案7月15日截止吗",
        "刚才让我填的在哪",
        "变更登记要多久",
        "元旦增加的学时算哪年",
        "扎西德勒",
        "后头那张表在哪",
        "郑州专业科目去哪学",
        "微信上怎么绑定",
        "微信公众号h5打不开",
        "电话12333打不通",
        "2019年到2023年的算不算",
        "2019年10月1日取得的职称报哪年",
        "后4年的学时够不够",
        "135学时里公需45专业90对吗",
        "QQ能登录不",
    ],
)
def test_what_only_looks_like_a_name_stays(said):
    assert cleaned(said) == said.replace("，", ",")


@pytest.mark.parametrize("said", ["", "？", "我叫王芳", "绑定 王芳 K7********", "[](){}", "好"])
def test_a_sentence_of_which_nothing_is_left_is_refused(said):
    with pytest.raises(Unfit) as refused:
        cleaned(said)
    assert refused.value.reason == EMPTY


def test_a_long_sentence_is_refused_rather_than_cut():
    with pytest.raises(Unfit) as refused:
        cleaned("学时" * 31)
    assert refused.value.reason == TOO_LONG


@given(st.text(st.sampled_from("学时公需我叫王芳[](){}|-/ \n*6301199X，。"), max_size=80))
def test_what_is_taught_is_one_line_without_markup_and_cleaning_it_again_changes_nothing(said):
    try:
        taught = cleaned(said)
    except Unfit:
        return
    assert not set(taught) & set("[](){}|\n*")
    assert 2 <= len(taught) <= LONGEST
    assert cleaned(taught) == taught == taught.strip()
    assert not taught.startswith(("-", "/"))


def person(name: str) -> Person:
    return Person(
        id_number=f"{abs(hash(name)):018d}"[:18], name=name, name_key=fold_name(name), unit="某单位", region="", sector="", level="无"
    )


def test_names_of_the_database_and_the_bound_persons_own_are_found(database):
    with database.write() as session:
        session.add_all([person("卓玛·才让"), person("王芳"), person("平安"), person("欧阳小明")])
        session.flush()
        bound = session.query(Person).filter_by(name="平安").one()
        session.add(ChatIdentity(sender_id="web:1", person_id=bound.id, bound_at=NOW))
    with database.read() as session:
        said = "查一下卓玛才让和王芳还有欧阳小明的平安学时"
        assert names_in(session, said, "web:2") == {"卓玛·才让", "王芳", "欧阳小明"}
        assert names_in(session, said, "web:1") == {"卓玛·才让", "王芳", "欧阳小明", "平安"}
        assert names_in(session, "帮查平安今年的公需", "web:2") == {"平安"}
        assert names_in(session, "平安还差多少", "web:2") == {"平安"}
        assert names_in(session, "学时平安落地", "web:2") == set()
    assert cleaned("查一下卓玛 才让的学时", {"卓玛·才让"}) == "查一下 的学时"
