"""What every page of the console says at its top while it stands."""

from sqlalchemy.orm import Session


def banners(session: Session) -> list[str]:
    """Sentences, the most urgent first."""
    return []
