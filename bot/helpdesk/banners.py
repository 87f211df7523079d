"""What every page of the console says at its top while it stands."""

from sqlalchemy.orm import Session

from bot.helpdesk.switching import shown
from bot.helpdesk.words import word
from bot.nlu.catalogue import Catalogue


def banners(session: Session, catalogue: Catalogue) -> list[str]:
    """A sentence for each thing that is switched off, what has been off for longest first."""
    return [
        word("switches.banner", title=one.title, reason=one.reason, who=one.who, since=f"{one.since:%m-%d %H:%M}")
        for one in shown(session, catalogue)
    ]
