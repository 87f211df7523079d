"""Files brought in a browser: errors shown, mended, imported, taken back, figures with them; and the report of a unit."""

import re
import tempfile
from datetime import date, datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from openpyxl import load_workbook
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from bot.helpdesk.models import Upload
from bot.hours import service
from bot.hours.models import AuditEntry, Person
from bot.settings import ZONE
from policies.notice import load_notices
from tests.helpdesk.console.conftest import PASSWORD, Console, unit_of_the_unit_account
from tests.hours.conftest import write_csv, write_xlsx
from tests.serving import bot_command, wait_until

TODAY = date(2023, 11, 20)
SHORT = "632122199311080188"  # 李文静, whose year is not complete


@pytest.fixture
def admin(signed_in) -> Page:
    return signed_in("admin")


@pytest.fixture
def client(console: Console):
    """A browser without a screen, signed in as ``sign_in`` says."""
    with httpx.Client(base_url=console.url, headers={"Origin": console.url}, timeout=30) as client:
        yield client


def sign_in(client: httpx.Client, login: str) -> dict[str, str]:
    """The headers that a change needs."""
    client.post("/login", data={"login": login, "password": PASSWORD})
    return {"X-CSRF-Token": client.get("/account").text.partition('name="csrf" value="')[2].partition('"')[0]}


def bring(page: Page, path: Path) -> None:
    """Upload a file and wait until it has been checked."""
    page.goto("/data")
    page.get_by_label("CSV（UTF-8 或 GBK）").set_input_files(path)
    page.get_by_role("button", name="上传并检查").click()
    page.wait_for_url(re.compile(r"/data/\d+$"))
    expect(page.locator("#state progress")).to_have_count(0, timeout=60_000)


def verified(console: Console) -> float:
    """Verified public hours of this year of the person whose year is short."""
    with console.database.read() as session:
        return service.status_json(session, load_notices(), SHORT, TODAY)["year"]["verified"]["public"]


def uploads_of(console: Console) -> list[Path]:
    folder = console.folder / "uploads"
    return list(folder.iterdir()) if folder.exists() else []


def hour(record: str, value: str, subject: str = "公需") -> list[str]:
    return [record, SHORT, "2023", subject, "网络课程", "课", value, "已审验"]


def test_errors_are_shown_mended_imported_and_the_import_taken_back(admin, console, tmp_path):
    before = verified(console)
    bring(admin, write_csv(tmp_path / "学时.csv", "hours", [hour("N1", "10"), hour("N2", "500"), hour("N3", "5", "选修")]))
    expect(admin.locator("#state")).to_contain_text("有错待改")
    expect(admin.locator("tbody tr")).to_have_count(2)
    expect(admin.locator("tbody tr").nth(1)).to_contain_text("公需、专业")
    expect(admin.get_by_role("button", name=re.compile("^导入 "))).to_have_count(0)
    with admin.expect_download() as saved:
        admin.get_by_role("link", name="下载完整清单").click()
    assert "选修" in Path(saved.value.path()).read_text(encoding="utf-8-sig")
    assert verified(console) == before
    admin.get_by_role("button", name="放弃并删除文件").click()
    admin.wait_for_url("**/data")
    assert uploads_of(console) == []

    bring(admin, write_csv(tmp_path / "学时.csv", "hours", [hour("N1", "10"), hour("N2", "5")], encoding="gbk"))
    assert verified(console) == before
    admin.get_by_role("button", name="导入 2 行").click()
    expect(admin.locator(".said.ok")).to_contain_text("已导入")
    assert verified(console) == before + 15
    assert wait_until(lambda: uploads_of(console) == [], 20)  # it is deleted after the import is written down

    admin.get_by_role("link", name="撤销…").click()
    expect(admin.locator("#undoing")).to_contain_text("删除这一批新增的 2 行")
    admin.get_by_role("button", name="确认撤销").click()
    expect(admin.locator(".said.ok")).to_contain_text("删除 2 行，恢复 0 行")
    assert verified(console) == before
    with console.database.read() as session:
        newest = select(AuditEntry.actor, AuditEntry.action).order_by(AuditEntry.id.desc()).limit(2)
        assert session.execute(newest).all() == [("staff:3", "undo-import"), ("staff:3", "import")]


def test_bad_lines_are_skipped_only_where_somebody_says_so(admin, console, tmp_path):
    before = verified(console)
    bring(admin, write_csv(tmp_path / "学时.csv", "hours", [hour("M1", "10"), hour("M2", "500")]))
    admin.get_by_role("button", name="导入其余 1 行").click()
    expect(admin.get_by_label("跳过坏行")).to_be_focused()
    admin.get_by_label("跳过坏行").check()
    admin.get_by_role("button", name="导入其余 1 行").click()
    expect(admin.locator(".said.ok")).to_contain_text("跳过有问题的 1 行")
    assert verified(console) == before + 10


def test_an_id_column_stored_as_numbers_is_refused_by_name(admin, tmp_path):
    row = hour("X1", "10")
    bring(admin, write_xlsx(tmp_path / "hours.xlsx", "hours", [[row[0], int(SHORT), *row[2:]]]))
    expect(admin.get_by_role("alert")).to_contain_text("“证件号码”是以数字格式存放的")
    expect(admin.get_by_role("button", name=re.compile("^导入"))).to_have_count(0)
    admin.get_by_role("button", name="放弃并删除文件").click()


def test_a_file_of_unknown_headings_is_refused_at_once_and_not_kept(admin, console, tmp_path):
    path = tmp_path / "别的.csv"
    path.write_text("姓名,电话\n安多,1\n", encoding="utf-8")
    admin.goto("/data")
    admin.get_by_label("CSV（UTF-8 或 GBK）").set_input_files(path)
    admin.get_by_role("button", name="上传并检查").click()
    expect(admin.get_by_role("alert")).to_contain_text("不像三种文件里的任何一种")
    assert uploads_of(console) == []


def test_the_kind_can_be_changed_afterwards(admin, tmp_path):
    bring(admin, write_csv(tmp_path / "人员.csv", "people", []))
    admin.locator("#kind").select_option("hours")
    admin.get_by_role("button", name="重新检查").click()
    expect(admin.get_by_role("alert")).to_contain_text("缺少列：记录编号")
    admin.get_by_role("button", name="放弃并删除文件").click()


def test_too_large_a_file_is_refused_before_it_travels(admin, tmp_path):
    path = tmp_path / "大.csv"
    path.write_text("x", encoding="utf-8")
    admin.goto("/data")
    admin.locator("#upload").evaluate("form => { form.dataset.most = 0 }")
    admin.get_by_label("CSV（UTF-8 或 GBK）").set_input_files(path)
    admin.get_by_role("button", name="上传并检查").click()
    expect(admin.get_by_role("alert")).to_contain_text("超过 400 MB")


def test_too_large_a_file_is_refused_before_it_is_read(console, client):
    headers = sign_in(client, "admin") | {"Origin": console.url, "Cookie": f"xst_desk={client.cookies['xst_desk']}"}
    line = HTTPConnection(console.url.removeprefix("http://"), timeout=10)
    line.putrequest("POST", "/data/upload")
    for name, value in (headers | {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(1 << 30)}).items():
        line.putheader(name, value)
    line.endheaders()
    answer = line.getresponse()
    assert answer.status == 422
    assert "超过 400 MB" in answer.read().decode()
    line.close()


def test_an_import_whose_process_dies_is_half_written_nowhere_and_can_be_repeated(admin, console, client, tmp_path):
    before = verified(console)
    headers = sign_in(client, "admin")
    bring(admin, write_csv(tmp_path / "很多.csv", "hours", [hour(f"K{n}", "0.1") for n in range(10_000)]))
    where = admin.url.removeprefix(console.url)
    client.post(f"{where}/import", headers=headers)
    assert wait_until(lambda: "正在写入" in client.get(f"{where}/state").text, 60)
    console.restart()
    assert verified(console) == before
    admin.goto(where)
    expect(admin.locator("#state .badge")).to_have_text("导入中")
    with console.database.write() as session:  # as after a minute without a sign of life
        session.execute(update(Upload).where(Upload.state == "importing").values(beat_at=datetime(2023, 11, 1, tzinfo=ZONE)))
    expect(admin.get_by_role("alert")).to_contain_text("什么都没有写入，可以重新检查")
    admin.get_by_role("button", name="重新检查").click()
    admin.get_by_role("button", name="导入 10000 行").click(timeout=60_000)
    expect(admin.locator(".said.ok")).to_contain_text("新增 10000", timeout=60_000)
    assert verified(console) == before + 1000


def test_imports_of_the_command_line_are_listed_with_those_of_the_console(admin, console):
    done = bot_command("undo-import", "99", env=console.env)
    assert done.returncode == 1
    admin.goto("/data")
    expect(admin.locator("tbody tr", has_text="people.csv")).to_contain_text("命令行")
    admin.get_by_role("link", name="撤销批次 1", exact=True).click()
    admin.get_by_role("button", name="确认撤销").click()
    expect(admin.get_by_role("alert")).to_contain_text("先撤销那些记录的批次")


@pytest.mark.parametrize(
    ("login", "paths"), [("agent", ("/data", "/data/1", "/report", "/report/units")), ("unit", ("/data", "/data/1", "/data/batches/1"))]
)
def test_others_may_not_see_it(client, login, paths):
    headers = sign_in(client, login)
    assert {client.get(path).status_code for path in paths} == {403}
    changes = ("/data/upload", "/data/1/import", "/data/1/check", "/data/1/give-up", "/data/batches/1/undo")
    assert {client.post(path, headers=headers).status_code for path in changes} == {403}


def test_a_change_without_a_token_is_refused(client):
    sign_in(client, "admin")
    for path in ("/data/batches/1/undo", "/data/1/import", "/report/file"):
        assert client.post(path).status_code == 403


def test_what_is_not_there_is_not_found(client):
    headers = sign_in(client, "admin")
    assert {client.get(path).status_code for path in ("/data/999", "/data/999/errors.csv", "/data/batches/999", "/data/x")} == {404}
    assert client.post("/data/999/import", headers=headers).status_code == 404


def unit_of(console: Console, id_number: str) -> str:
    with console.database.read() as session:
        return str(session.execute(select(Person.unit).where(Person.id_number == id_number)).scalar_one())


def test_a_units_report_on_screen_and_as_a_file(admin, console, tmp_path):
    unit = unit_of(console, SHORT)
    admin.goto("/report")
    admin.get_by_label("工作单位").fill(unit[:3])
    admin.get_by_role("link", name=unit).click()
    row = admin.locator("table.report tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("李文静")
    expect(row).to_contain_text("6321**********0188")
    assert SHORT not in admin.content()
    with console.database.read() as session:
        missing = service.status_json(session, load_notices(), SHORT, TODAY)["year"]["missing"]
    expect(row.locator("td").nth(5)).to_have_text(f"{missing['public']:g}")
    expect(row.locator("td").nth(8)).to_have_text(f"{missing['professional']:g}")
    with admin.expect_download() as saved:
        admin.get_by_role("button", name="下载 .xlsx").click()
    assert saved.value.suggested_filename == f"学时报表-{unit}-2023年度-2023-11-20.xlsx"
    saved.value.save_as(tmp_path / "report.xlsx")
    lines = list(load_workbook(tmp_path / "report.xlsx").active.iter_rows(values_only=True))
    assert (lines[-1][0], lines[-1][8:10]) == ("李文静", (missing["public"], missing["professional"]))
    with console.database.read() as session:
        looks = select(AuditEntry.action, AuditEntry.detail).order_by(AuditEntry.id.desc()).limit(2)
        told = [tuple(look) for look in session.execute(looks)]
        assert told == [("console-export", f"{unit} 2023 1"), ("console-report", f"{unit} 2023 1")]


def test_a_download_leaves_no_names_on_the_disk_whatever_part_of_it_is_asked_for(console, client):
    headers, places = sign_in(client, "admin"), Path(console.env.get("TMPDIR", tempfile.gettempdir()))
    before = {place.name for pattern in ("report-*", "openpyxl.*") for place in places.glob(pattern)}
    for part in ("bytes=abc", "bytes=0-10", "bytes=99999999-"):
        assert client.post("/report/file", headers={**headers, "Range": part}, data={"unit": unit_of(console, SHORT)}).status_code == 200
    assert {place.name for pattern in ("report-*", "openpyxl.*") for place in places.glob(pattern)} <= before


def test_a_unit_administrator_sees_the_report_of_their_own_unit_alone(signed_in, console, client):
    own, other = unit_of_the_unit_account(console.database), unit_of(console, SHORT)
    assert own != other
    page = signed_in("unit")
    page.goto("/report")
    expect(page.get_by_role("heading", level=1)).to_contain_text(own)
    headers = sign_in(client, "unit")
    assert client.get("/report", params={"unit": other}).status_code == 403
    for part in (other[:2], "", own):  # the own name may stand in another's
        assert client.get("/report/units", params={"unit": part}).status_code == 403
    assert client.post("/report/file", headers=headers, data={"unit": other}).status_code == 403
    answer = client.post("/report/file", headers=headers)
    assert answer.status_code == 200
    assert own in unquote(answer.headers["content-disposition"])


def test_a_unit_that_is_none_leads_to_those_with_such_a_name(admin, console):
    admin.goto("/report?unit=海&year=1999")
    expect(admin.locator(".units li").first).to_be_visible()
    admin.goto("/report?unit=没有这个单位")
    expect(admin.locator(".empty")).to_contain_text("没有名称里有")


def test_no_page_has_a_serious_fault_for_those_who_do_not_see_or_point(admin, console, tmp_path):
    bring(admin, write_csv(tmp_path / "学时.csv", "hours", [hour("A1", "500")]))
    found = {"checked": Axe().run(admin)}
    admin.get_by_role("button", name="放弃并删除文件").click()
    unit = unit_of(console, SHORT)
    for path in ("/data", "/data/batches/2", "/report?unit=海", f"/report?unit={unit}"):
        admin.goto(path)
        found[path] = Axe().run(admin)
    serious = {path: [v["id"] for v in one.response["violations"] if v["impact"] in ("serious", "critical")] for path, one in found.items()}
    assert not any(serious.values()), serious
