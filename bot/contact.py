"""The telephone numbers of the notice in force, for channels, which may not know ``policies``."""

from dataclasses import dataclass
from datetime import date

from policies.notice import Notice, load_notices

_POLICY = "phone.policy"
_TECHNICAL = "phone.tech"


@dataclass(frozen=True)
class Contact:
    """``policy_phone`` answers questions on the notice; ``numbers`` are all of the notice's own, which stay readable in messages."""

    policy_phone: str
    numbers: tuple[str, ...]


def contact(today: date) -> Contact:
    """The numbers of the notice in force in the year of ``today``. NoticeError when it cannot be read."""
    return contact_of(load_notices().in_force(today.year))


def contact_of(notice: Notice) -> Contact:
    """The numbers of a notice that is read already."""
    technical = notice.value(_TECHNICAL)
    policy = notice.display(_POLICY)
    return Contact(policy, (policy, *([technical] if isinstance(technical, str) else technical)))
