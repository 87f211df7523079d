"""What of a sentence leads to a person besides a name: numbers of documents and telephones, addresses, accounts, dates of birth."""

import re
from functools import lru_cache

from bot.helpdesk.words import word
from bot.nlu.text import either

_MAIL = re.compile(r"[\w.+*-]+@[\w-]+(?:\.[\w-]+)*", re.ASCII)
_LANDLINE = re.compile(r"\(?0\d{2,3}\)?[- ]?\d{7,8}")
_LONG_NUMBER = re.compile(r"[A-Za-z]{0,2}\d{7,}")
_TOKEN = r"(?:\d{6,}|(?=[0-9_-]*[A-Za-z])[0-9A-Za-z][0-9A-Za-z_-]{4,})"  # five digits are a public service's number


def without(said: str) -> str:
    """The sentence with a blank in place of each of these; the word before it (微信号, 尾号) stays."""
    for pattern in (_MAIL, _LANDLINE):
        said = pattern.sub(" ", said)
    for pattern in _beside_words():
        said = pattern.sub(r"\g<kept> ", said)
    return _LONG_NUMBER.sub(" ", said)


@lru_cache(maxsize=1)
def _beside_words() -> tuple[re.Pattern[str], ...]:
    """What is a person's only because of the word beside it; the word is the group ``kept``."""
    kinds = ("accounts", "link", "last", "born", "plates", "date", "numbered")
    accounts, link, last, born, plates, between, numbered = (f"(?:{either(word(f'learning.private.{kind}').split())})" for kind in kinds)
    date = rf"(?:19|20)\d{{2}}{between}\d{{1,2}}{between}\d{{1,2}}{between}?"
    return (
        re.compile(rf"(?P<kept>{accounts})(?:\s|{link})*{_TOKEN}", re.IGNORECASE),
        re.compile(rf"(?P<kept>{last})(?:\s|{link})*\d{{3,6}}[Xx]?"),
        re.compile(rf"(?P<kept>){date}(?=[^,。;!?]{{0,4}}?{born})"),
        re.compile(rf"(?P<kept>{born})[^0-9,。;!?]{{0,6}}{date}"),
        re.compile(rf"(?P<kept>{numbered})\d{{5,}}"),
        re.compile(rf"(?P<kept>){plates}[A-Za-z][\s·-]?(?=[A-Za-z]*\d)[0-9A-Za-z]{{5,6}}"),
    )
