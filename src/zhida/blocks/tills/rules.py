"""Pure rules of benefits by event: what a programme says, what an event costs the city, when it is refused. No database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache

from zhida.kernel.clock import HANGZHOU
from zhida.kernel.period import Month
from zhida.kernel.text import Text


class EventState(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


STATE_TEXT = {EventState.ACCEPTED: Text("已接收", "Accepted"), EventState.REFUSED: Text("未接收", "Refused")}

# Kinds of providers. A programme names those where it can be used.
PROVIDER_KINDS = {
    "canteen": Text("老年食堂", "Canteen"),
    "bus": Text("公交", "Bus line"),
    "clinic": Text("医疗机构", "Clinic"),
    "school": Text("培训机构", "School"),
}

# Why an event is refused, and what the person at the till does next.
REASONS = {
    "invalid": Text(
        "记录的格式不对；请升级终端程序或联系街道。", "The event is malformed. Update the till's program or ask the street office."
    ),
    "conflict": Text(
        "这个键已用于另一条内容不同的记录；请换新的键。", "This key belongs to another event with other content. Use a new key."
    ),
    "unknown_programme": Text("没有这个补贴项目；请核对项目代码。", "There is no such programme. Check its code."),
    "wrong_provider": Text(
        "本服务点不能使用这个项目；请居民到指定服务点。", "This programme cannot be used here. Send the resident to a place where it can."
    ),
    "not_in_force": Text(
        "事发当天这个项目没有在执行；请按原价收费。", "The programme was not in force on that day. Charge the full price."
    ),
    "in_future": Text(
        "事发时间在将来；请校准终端的时钟，换新的键重传。", "The event lies in the future. Set the till's clock, then use a new key."
    ),
    "too_late": Text(
        "补传超过了期限；请联系街道人工处理。", "It was sent after the term for late events. Ask the street office to handle it."
    ),
    "no_list": Text(
        "当月名单还没有生成；请按原价收费并稍后查询。", "The list of that month is not made yet. Charge the full price and ask again later."
    ),
    "undecided": Text(
        "居民还缺一条信息，暂不能定；请居民联系街道补上。",
        "A fact about the resident is missing. The resident should ask the street office.",
    ),
    "not_entitled": Text("居民当月不在名单上；请按原价收费。", "The resident is not on the list of that month. Charge the full price."),
    "day_times": Text("当天的次数已用完；请按原价收费。", "The times of that day are used up. Charge the full price."),
    "day_fen": Text("当天的补贴额度已用完；请按原价收费。", "The amount of that day is used up. Charge the full price."),
    "month_times": Text("当月的次数已用完；请按原价收费。", "The times of that month are used up. Charge the full price."),
    "month_fen": Text("当月的补贴额度已用完；请按原价收费。", "The amount of that month is used up. Charge the full price."),
    "year_times": Text("当年的次数已用完；请按原价收费。", "The times of that year are used up. Charge the full price."),
    "year_fen": Text("当年的补贴额度已用完；请按原价收费。", "The amount of that year is used up. Charge the full price."),
}

SPANS = ("day", "month", "year")
# A till's clock may be so far ahead of ours.
CLOCK_SKEW = timedelta(minutes=2)
# The list of a month serves for the next ones until theirs is made: a month is decided after it has ended.
LIST_SERVES_MONTHS = 3


@dataclass(frozen=True)
class Cap:
    """At most so often and so much in a day, month or year; None is no limit."""

    times: int | None = None
    fen: int | None = None


@dataclass(frozen=True)
class Terms:
    """What the city pays of an event from a day on. One of fixed_fen and share_bp (basis points of the price) is set."""

    begins: date
    fixed_fen: int | None
    share_bp: int | None
    at_most_fen: int | None
    caps: Mapping[str, Cap]

    def pays(self, price_fen: int) -> int:
        """Return the city's part of a price: whole fen, a share rounded down, never more than the price.

        >>> Terms(date.min, None, 8_000, 400_00, {}).pays(99_99), Terms(date.min, 5_00, None, None, {}).pays(3_00)
        (7999, 300)
        """
        part = self.fixed_fen if self.share_bp is None else price_fen * self.share_bp // 10_000
        return min(part or 0, price_fen, price_fen if self.at_most_fen is None else self.at_most_fen)


@dataclass(frozen=True)
class Programme:
    """One kind of event that the city pays for. Of who_benefit and age_from one is set."""

    code: str
    label: Text
    benefit: str
    law: str
    clause: Text
    provider_kinds: tuple[str, ...]
    who_benefit: str
    age_from: int | None
    sync_days: int
    refund_days: int
    terms: tuple[Terms, ...]
    ends: date | None

    def terms_on(self, day: date) -> Terms | None:
        """Return the wording in force on a day: the last one that begins by then."""
        if self.ends is not None and day >= self.ends:
            return None
        return next((terms for terms in reversed(self.terms) if terms.begins <= day), None)


@dataclass(frozen=True)
class EventRequest:
    """An event as a till tells it. ``key`` is the till's own; ``happened_at`` has a time zone."""

    key: str
    programme: str
    resident_no: int
    happened_at: datetime
    price_fen: int

    @cached_property
    def day(self) -> date:
        return local_day(self.happened_at)


@dataclass(frozen=True)
class Answer:
    """What a till is told about one event. remaining_*: of the event's month after it; None where the month has no such cap."""

    key: str
    state: EventState
    reason: str
    city_fen: int
    resident_fen: int
    remaining_times: int | None
    remaining_fen: int | None

    @property
    def is_accepted(self) -> bool:
        return self.state == EventState.ACCEPTED


@dataclass
class Used:
    """What a person used in one span so far."""

    times: int = 0
    fen: int = 0


@dataclass(frozen=True)
class Standing:
    """What the list of the month says of a resident. listed: None where there is no list. person_no 0: nobody."""

    listed: bool | None
    is_known: bool = True
    person_no: int = 0


def local_day(moment: datetime) -> date:
    """Return the day of a moment in Hangzhou.

    >>> local_day(datetime.fromisoformat("2025-11-04T16:30:00+00:00"))
    datetime.date(2025, 11, 5)
    """
    return moment.astimezone(HANGZHOU).date()


@lru_cache(512)
def periods_of(day: date) -> dict[str, str]:
    """Return the key of each span that a day lies in.

    >>> periods_of(date(2025, 11, 5))
    {'day': '2025-11-05', 'month': '2025-11', 'year': '2025'}
    """
    written = day.isoformat()
    return {"day": written, "month": written[:7], "year": written[:4]}


def list_for(month: str, listed_months: list[str]) -> str | None:
    """Return the month whose list serves an event's month: its own, else the newest of the two before it.

    >>> list_for("2025-11", ["2025-09", "2025-10"]), list_for("2025-09", ["2025-10"]), list_for("2026-02", ["2025-10"])
    ('2025-10', None, None)
    """
    first = Month.parse(month).shifted(1 - LIST_SERVES_MONTHS).text
    return max((each for each in listed_months if first <= each <= month), default=None)


def refused(event: EventRequest, reason: str) -> Answer:
    return Answer(event.key, EventState.REFUSED, reason, 0, event.price_fen, None, None)


def reason_before_counting(event: EventRequest, programme: Programme | None, kind: str, now: datetime) -> str:
    """Return why an event is refused whoever the resident is, or nothing."""
    if programme is None:
        return "unknown_programme"
    if kind not in programme.provider_kinds:
        return "wrong_provider"
    if event.happened_at > now + CLOCK_SKEW:
        return "in_future"
    if event.happened_at < now - timedelta(days=programme.sync_days):
        return "too_late"
    return "" if programme.terms_on(event.day) else "not_in_force"


def reason_of_standing(standing: Standing) -> str:
    """Return why a resident may not use a programme in a month, or nothing. Unknown is not no: it has a reason of its own."""
    if standing.listed is None:
        return "no_list"
    if not standing.listed:
        return "not_entitled"
    return "" if standing.is_known else "undecided"


def decide(event: EventRequest, terms: Terms, used: Mapping[str, Used]) -> Answer:
    """Accept or refuse an event by its caps, and where it is accepted, count it.

    A cap of times refuses what goes beyond. A cap of money pays what is left of it, and refuses once nothing is.
    used: span -> what was used in it, for every span that has a cap; changed in place.
    """
    reason = _exhausted(terms, used)
    if reason:
        return refused(event, reason)
    left = [cap.fen - used[span].fen for span, cap in terms.caps.items() if cap.fen is not None]
    city_fen = min([terms.pays(event.price_fen), *left])
    for span in terms.caps:
        used[span].times += 1
        used[span].fen += city_fen
    month, spent = terms.caps.get("month", Cap()), used.get("month", Used())
    return Answer(
        key=event.key,
        state=EventState.ACCEPTED,
        reason="",
        city_fen=city_fen,
        resident_fen=event.price_fen - city_fen,
        remaining_times=None if month.times is None else month.times - spent.times,
        remaining_fen=None if month.fen is None else month.fen - spent.fen,
    )


def _exhausted(terms: Terms, used: Mapping[str, Used]) -> str:
    for span, cap in terms.caps.items():
        if cap.times is not None and used[span].times >= cap.times:
            return f"{span}_times"
        if cap.fen is not None and used[span].fen >= cap.fen:
            return f"{span}_fen"
    return ""


def refund_of_city(terms: Terms | None, price_fen: int, city_fen: int, back_before_fen: int, price_after_fen: int) -> int:
    """Return the city's part of a refund that leaves ``price_after_fen`` of the price.

    The event is counted as if its price had been what is left of it, so that parts refunded one after the other come to the same.
    city_fen: what the city paid; back_before_fen: what of it earlier refunds brought back. All of the price back brings all of it back.
    """
    stands = min(city_fen, terms.pays(price_after_fen)) if terms else city_fen * price_after_fen // price_fen
    return max(0, city_fen - stands - back_before_fen)


def capped_periods(terms: Terms, day: date) -> Iterator[tuple[str, str]]:
    """Yield span and period key of every span that has a cap."""
    periods = periods_of(day)
    return ((span, periods[span]) for span in terms.caps)
