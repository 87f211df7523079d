"""The whole way with the real data: said in the chat, taught at the console, trained, live, and rolled back."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from bot.hours.models import AuditEntry
from bot.runtime import models
from tests.helpdesk.console.conftest import SIZE, console_on, enter, prepared
from tests.serving import served, texts, wait_until

QUESTION = "鼙鼓旌旄饕餮囍"
"""No other sentence holds a character of it: what it is taught as can move no other sentence, so the development set stays as it was."""
TITLE, ANSWER = "多的学时能结转到明年吗", "不得结转或顺延"
TRAINING_SECONDS = 1500


def copied(model: Path, folder: Path) -> Path:
    """A folder of models of one's own with the trained one as its current."""
    folder.mkdir()
    for path in (model, models.record_of(model)):
        shutil.copy(path, folder)
    models.point_to(folder / model.name)
    return folder


@pytest.mark.model
@pytest.mark.slow
def test_an_unanswered_question_is_taken_to_a_better_model_and_rolled_back(trained_model, tmp_path, browser):
    env = prepared(tmp_path)
    folder = copied(trained_model, tmp_path / "models")
    with served(tmp_path, env, "--model", str(folder)) as bot, console_on(tmp_path, env, "--models", str(folder)) as console:
        assert ANSWER not in texts(bot, QUESTION)[0]
        complaints: list[str] = []
        context = browser.new_context(base_url=console.url, locale="zh-CN", viewport=SIZE)
        page = enter(context.new_page(), "admin", complaints)
        page.goto("/learning")
        expect(page.locator(".group:visible h2")).to_have_text(QUESTION)
        page.keyboard.press("/")
        page.keyboard.type(TITLE)
        page.keyboard.press("Enter")
        expect(page.locator("#told")).to_have_text(f"已把 1 句教成“{TITLE}”。")

        page.goto("/learning/models")
        page.get_by_role("button", name="重新训练").click()
        expect(page.get_by_role("progressbar", name="训练进度")).to_be_visible()
        assert ANSWER not in texts(bot, QUESTION, "meanwhile")[0]
        newest = page.locator(".run").first
        expect(newest.locator(".badge").first).not_to_have_text("训练中", timeout=1000 * TRAINING_SECONDS)
        expect(newest.locator(".badge").first).to_have_text("已上线")
        expect(newest).to_contain_text("正在使用")
        assert wait_until(lambda: ANSWER in texts(bot, QUESTION, "after")[0], 60)

        page.goto("/ask")  # the console reads with the new model, too
        page.get_by_role("textbox").first.fill(QUESTION)
        page.keyboard.press("Enter")
        expect(page.get_by_text(TITLE).first).to_be_visible()

        page.goto("/learning/models")
        page.get_by_role("button", name="回退到之前的模型").click()
        expect(page.locator("p.said.ok")).to_contain_text("已回退到")
        expect(page.locator(".run").first.locator(".badge").first).to_have_text("已回退")
        assert wait_until(lambda: ANSWER not in texts(bot, QUESTION, "back")[0], 60)
        assert models.current(folder).name == trained_model.name
        with console.database.read() as session:
            done = [one.action for one in session.query(AuditEntry) if one.action in ("retrain", "model-live", "model-back")]
        assert done == ["retrain", "model-live", "model-back"]
        assert QUESTION not in bot.log + console.log
        assert complaints == []
        context.close()
