"""Going back to the model before: the row never says what the pointer does not."""

from types import SimpleNamespace

import pytest

from bot.helpdesk.console.pages.learning import back
from bot.helpdesk.learning import retraining
from tests.helpdesk.conftest import NOW, add_staff


def gone_back(database, exchange) -> tuple[str, str, str | None]:
    """Where the page leads, and the row's state and detail behind it."""
    run = retraining.begin(database, add_staff(database, "admin", 3, "admin"), "staff:3", NOW)
    retraining.end(database, run, retraining.LIVE, NOW, model="b", before="a")
    held = SimpleNamespace(current=lambda: "b", holds=lambda _: True, exchange=exchange)
    desk = SimpleNamespace(database=database, models=held, now=NOW)
    answer = back(desk, SimpleNamespace(actor="staff:3"), run)
    with database.read() as session:
        row = retraining.get(session, run)
    return answer.headers["location"].rpartition("=")[2], row.state, row.detail


def fails(*_: str) -> bool:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("exchange", "said", "state", "why"),
    [
        (lambda before, after: (before, after) == ("b", "a"), "back", "rolled_back", None),
        (lambda *_: False, "not_back", "live", "没有回退"),
        (fails, "not_back", "live", "No space left on device"),
    ],
)
def test_a_pointer_that_did_not_move_leaves_the_training_live_with_the_reason(database, exchange, said, state, why):
    told, held, detail = gone_back(database, exchange)
    assert (told, held) == (said, state)
    assert detail is None if why is None else why in detail
