"""Facts that go into the engine and the frozen results that come out.

All hours are 学时 as Decimal; nothing here knows a figure of the regulation.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum


class Subject(str, Enum):
    PUBLIC = "public"  # 公需科目
    PROFESSIONAL = "professional"  # 专业科目


class State(str, Enum):
    VERIFIED = "verified"  # 已审验
    PENDING = "pending"  # 待审验
    RETURNED = "returned"  # 已退回


class Kind(str, Enum):
    """Kinds of credit (视同完成 or 可不作要求), 第六部分第（一）（二）（三）项."""

    EPIDEMIC = "epidemic"  # 防疫
    VILLAGE = "village"  # 驻村
    SKILLED = "skilled"  # 高技能


class Level(str, Enum):
    SENIOR = "senior"  # 高级, 正高级 and 副高级 alike
    INTERMEDIATE = "intermediate"  # 中级


class Sector(str, Enum):
    """Sectors the notice treats apart (第一部分)."""

    HEALTH = "health"  # 卫生
    ACCOUNTING = "accounting"  # 会计
    OTHER = "other"


@dataclass(frozen=True)
class Person:
    """What the rules need of a person; no name, no number."""

    sector: Sector
    level_since: date | None  # 现职称取得日期


@dataclass(frozen=True)
class Record:
    record_id: str
    year: int
    subject: Subject
    form: str  # 形式, as imported
    title: str  # 课程名称
    hours: Decimal
    state: State


@dataclass(frozen=True)
class Credit:
    kind: Kind
    start: date
    end: date | None
    year: int | None  # 认定年度: a tied credit serves that year only
    evidence: str = ""


class Uncounted(str, Enum):
    """Why a record adds nothing to the verified hours."""

    PENDING = "pending"
    RETURNED = "returned"
    EXCLUDED_FORM = "excluded_form"
    FUTURE_YEAR = "future_year"


class Invalid(str, Enum):
    """Why a credit serves nobody."""

    NOT_HEALTH = "not_health"  # 防疫 of someone outside 卫生
    NOT_STARTED = "not_started"  # starts after today
    TOO_SHORT = "too_short"  # 驻村 of less than twelve full months up to today
    NO_LEVEL_DATE = "no_level_date"  # 驻村 without 现职称取得日期
    TIED_OUTSIDE_WINDOW = "tied_outside_window"  # 认定年度 before since-year or after this year
    TIED_BEFORE_LEVEL = "tied_before_level"  # 驻村 tied to a year before 现职称取得日期
    NO_SERVABLE_YEAR = "no_servable_year"  # untied, and no year of the window may be served


@dataclass(frozen=True)
class Hours:
    """Hours of both kinds; ``total`` is their sum."""

    public: Decimal
    professional: Decimal

    @property
    def total(self) -> Decimal:
        return self.public + self.professional


@dataclass(frozen=True)
class UncountedRecord:
    record: Record
    reason: Uncounted
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class InvalidCredit:
    credit: Credit
    reason: Invalid
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class UsedCredit:
    credit: Credit
    year: int  # the year it serves
    tied: bool
    clauses: tuple[str, ...]


class Idle(str, Enum):
    """Why a valid credit serves no year although nothing is wrong with it."""

    YEAR_MET = "year_met"  # tied, and hours meet its year
    YEAR_SERVED = "year_served"  # tied, and a credit of the other kind serves its year already
    KIND_SPENT = "kind_spent"  # another credit of the kind serves all the years a kind may serve
    TIED_FIRST = "tied_first"  # untied, while another credit of the kind is tied
    NOT_NEEDED = "not_needed"  # untied, and no year it may serve fails


@dataclass(frozen=True)
class IdleCredit:
    credit: Credit
    reason: Idle
    clauses: tuple[str, ...]


class Phase(str, Enum):
    """Where ``today`` stands among the deadlines of the loaded notice (第五部分); each deadline day belongs to the phase it ends."""

    BEFORE_SUBMIT = "before_submit"  # up to deadline.submit: the person learns and submits to the unit
    BEFORE_VERIFY = "before_verify"  # up to deadline.verify / deadline.training: late to the unit, units verify level by level
    OVERDUE_OPEN = "overdue_open"  # up to deadline.system: overdue, the system is still open
    CLOSED = "closed"  # never reached inside the notice's own year; kept for a year that is over
    NOT_LOADED = "not_loaded"  # today's year has no notice of its own: no date is projected


class Actor(str, Enum):
    """Who must act next."""

    PERSON = "person"
    UNIT = "unit"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Deadlines:
    phase: Phase
    actor: Actor
    submit: date | None
    training: date | None
    verify: date | None
    system: date | None
    days_to_submit: int | None  # 0 on the day itself, negative once past
    days_to_training: int | None
    days_to_system: int | None
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class YearStatus:
    """One person's one year. ``missing`` is arithmetic on verified hours and keeps its value for a credited person."""

    year: int
    required: Hours
    verified: Hours
    pending: Hours
    missing: Hours
    met: bool  # by verified hours alone
    credited_by: Kind | None  # a tied credit that completes the year; None when hours meet it
    complete: bool  # met or credited
    repairable: bool  # this year only, while training and the system are open; a past year never is
    own_notice: bool  # False: checked against the figures of another year's notice
    uncounted: tuple[UncountedRecord, ...]
    invalid_credits: tuple[InvalidCredit, ...]
    deadlines: Deadlines | None  # for the year of today only
    surplus: Hours  # hours above the figures, which go nowhere (第二部分第（二）项)
    sector: Sector
    notice_year: int
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class TitleStatus:
    """Whether the years on record suffice for a title application of ``level`` (第六部分第（四）项)."""

    level: Level
    covered: bool  # applications from title.from on
    exempt: bool  # 高技能 on record: 可不作要求
    required_years: int
    qualified_years: int  # met by hours, plus years served by credits
    met_years: tuple[int, ...]  # by hours alone, ascending
    missing_years: int  # arithmetic, kept for an exempt person too
    eligible: bool
    years: tuple[YearStatus, ...]  # the whole window, ascending
    used_credits: tuple[UsedCredit, ...]
    invalid_credits: tuple[InvalidCredit, ...]
    still_possible: int  # qualified years if this year is finished in time as well
    since_year: int
    sector: Sector
    notice_year: int
    clauses: tuple[str, ...]
    idle_credits: tuple[IdleCredit, ...] = ()  # valid ones that serve no year, each with its reason


@dataclass(frozen=True)
class Judgement:
    """Bare numbers from someone unbound, held against one year's figures. None where a number was not given."""

    required: Hours
    public: Decimal | None
    professional: Decimal | None
    missing_public: Decimal | None
    missing_professional: Decimal | None
    enough: bool | None  # None while one of the two is unknown and the other suffices
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """Hours a week that close this year's gaps by the day to submit (or, after it, by the end of training)."""

    until: date | None  # None: no time left or no notice loaded
    weeks: Decimal | None  # at least one
    public_per_week: Decimal | None  # rounded up to one decimal
    professional_per_week: Decimal | None
    total_per_week: Decimal | None
    missing: Hours
    clauses: tuple[str, ...]
