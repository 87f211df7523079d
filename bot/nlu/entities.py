"""Closed-set reading of a message: years, subjects, levels, numbers, and the facets a follow-up may name."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from bot.nlu.pinyin import split_latin
from bot.nlu.text import canonical, either, lexicon, simplify

# Whole, or masked as the intake leaves it.
_IDENTITY_NUMBER = r"(?<!\d)(?:\d{17}[\dx]|\d{4}\*+\d{3}[\dx])(?![\da-z])"


@dataclass(frozen=True)
class Amount:
    """A number of 学时 that somebody named, with the subject it was said of, if any."""

    subject: str | None
    hours: Decimal


def facets(text: str) -> dict[str, str]:
    """Which value of each facet the text names; the value named last wins, as it does when people correct themselves."""
    found: dict[str, str] = {}
    for said in _spoken(text):
        for facet in lexicon()["facets"]:
            ends = [(end, value) for value, end in _places(said, facet)]
            if ends:
                found.setdefault(facet, max(ends)[1])
    return found


def mentioned(text: str, facet: str) -> list[str]:
    """Every value of one facet that the text names, in the lexicon's order."""
    named = {value for said in _spoken(text) for value, _ in _places(said, facet)}
    return [value for value in lexicon()["facets"][facet] if value in named]


def _places(said: str, facet: str) -> list[tuple[str, int]]:
    """Each value of a facet with the end of its last mention that is not set aside (不报中级)."""
    negations = lexicon()["negations"]
    found = []
    for value, words in lexicon()["facets"][facet].items():
        for word in words:
            start = said.rfind(word)
            if start < 0:
                continue
            end = start + len(word)
            aside = facet in negations["facets"] and (
                any(said[:start].endswith(cue) for cue in negations["before"])
                or any(said[end:].startswith(cue) for cue in negations["after"])
            )
            if not aside:
                found.append((value, end))
    return found


@lru_cache(maxsize=1)
def _other_names() -> tuple[re.Pattern[str], re.Pattern[str]]:
    names = lexicon()["names"]

    given = rf"(?:{either(names['given'])})[\u4e00-\u9fff]{{0,2}}?"
    surname = rf"[{names['surnames']}](?![{names['not_second']}])[\u4e00-\u9fff]{{1,2}}?"
    named = rf"(?:^|[\W_]|{either(names['before'])})(?:{given}|{surname})(?={either(names['after'])})"
    kin = rf"(?:{either(names['kin'])})(?={either(names['after'])})"
    return re.compile(rf"{named}|{kin}|{_IDENTITY_NUMBER}"), re.compile(rf"(?:{either(names['self'])})")


def names_somebody(text: str) -> bool:
    """Whether a name or a relation stands beside a word of the record (查下达瓦今年…), or an identity number, unless it is their own."""
    said = simplify(text)
    named, self = _other_names()
    return bool(named.search(said)) and not self.search(said)


def _spoken(text: str) -> tuple[str, str]:
    """The text as typed and in canonical spelling, without words that only look like a facet's; pinyin typed apart is joined."""
    typed = simplify(text)
    if any(split_latin(word) for word in re.findall(r"[a-z]+", typed)):
        typed = re.sub(r"(?<=[a-z]) +(?=[a-z])", "", typed)
    for word, reading in lexicon()["facet_readings"].items():
        typed = typed.replace(word, reading)
    return typed, canonical(typed)


@lru_cache(maxsize=1)
def _year_patterns() -> tuple[re.Pattern[str], re.Pattern[str], dict[str, str]]:
    numerals = lexicon()["numerals"]
    # Two of the ten-and-one signs stand for zero.
    value = {sign: str(max(0, place - 1)) for place, sign in enumerate(numerals["digits"])}
    return re.compile(numerals["written_year"]), re.compile(numerals["figure_year"]), value


def years(text: str, this_year: int) -> list[int]:
    """Calendar years named in figures (2021, 21年), in Chinese numerals (二零二一年) or by relation (去年), in order of mention."""
    written, figures, value = _year_patterns()
    said = written.sub(lambda match: "".join(value[sign] for sign in match.group()), simplify(text))
    found: list[tuple[int, int]] = []
    for match in figures.finditer(said):
        number = int(match.group(1) or "20" + match.group(2))
        if 2000 <= number <= this_year + 5:
            found.append((match.start(), number))
    taken: list[tuple[int, int]] = []
    for word, offset in sorted(lexicon()["relative_years"].items(), key=lambda pair: -len(pair[0])):
        for match in re.finditer(re.escape(word), said):
            if not any(start < match.end() and match.start() < end for start, end in taken):
                taken.append(match.span())
                found.append((match.start(), this_year + offset))
    return list(dict.fromkeys(year for _, year in sorted(found)))


@lru_cache(maxsize=1)
def _amount_pattern() -> re.Pattern[str]:
    return re.compile(rf"\d+(?:\.\d+)?|[{lexicon()['numerals']['any']}]+")


def amounts(text: str) -> list[Amount]:
    """Numbers of hours with their subjects: ``公需60专业75`` gives two. Numbers that name a year or a date are left out."""
    said = simplify(text)
    found = []
    for match in _amount_pattern().finditer(said):
        hours = _number(match.group())
        after = said[match.end() : match.end() + 1]
        if hours is None or not 0 < hours <= 1000 or after in lexicon()["amounts"]["not_before"]:
            continue
        if not match.group()[0].isdigit() and hours < 10 and after not in lexicon()["amounts"]["units"]:
            continue
        found.append((match.span(), hours))
    if not found:
        return []
    # Whoever names the subject behind the first number and behind the last (20个专业10个公需) names each one behind its number.
    (first, first_end), (_, last_end) = found[0][0], found[-1][0]
    trailing = not _subjects_before(said, first) and bool(_subjects_behind(said, first_end) and _subjects_behind(said, last_end))
    return [Amount(_nearest_subject(said, start, end, trailing), hours) for (start, end), hours in found]


def _number(said: str) -> Decimal | None:
    if said[0].isdigit():
        return Decimal(said)
    import cn2an

    try:
        return Decimal(str(cn2an.cn2an(said, "smart")))
    except ValueError:
        return None


def _nearest_subject(said: str, start: int, end: int, trailing: bool) -> str | None:
    """The subject named closest before the number, else right behind it; the other way round when people let it trail."""
    before, behind = _subjects_before(said, start), _subjects_behind(said, end)
    named = (behind or before) if trailing else (before or behind)
    return min(named)[1] if named else None


def _subjects_before(said: str, start: int) -> list[tuple[int, str]]:
    """Distance and subject of each one named up to twelve characters before ``start``."""
    places = [(said.rfind(word, max(0, start - 12), start), word, subject) for subject, word in _subject_words()]
    return [(start - at - len(word), subject) for at, word, subject in places if at >= 0]


def _subjects_behind(said: str, end: int) -> list[tuple[int, str]]:
    """Distance and subject of each one named up to six characters behind ``end``."""
    places = [(said.find(word, end, end + 6), subject) for subject, word in _subject_words()]
    return [(at - end, subject) for at, subject in places if at >= 0]


def _subject_words() -> list[tuple[str, str]]:
    return [(subject, word) for subject, words in lexicon()["amounts"]["subjects"].items() for word in words]
