"""Words and pure rules of cases: states, lights, desks, when something is due. No database."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from zhida.kernel.calendar import is_working_day, working_days_after
from zhida.kernel.text import Text


def choices(states: type[StrEnum]) -> list[tuple[str, str]]:
    return [(each.value, each.value) for each in states]


class CaseState(StrEnum):
    """found: the feeds know of it, nobody has agreed yet. asking: something only the resident can tell is missing."""

    FOUND = "found"
    ASKING = "asking"
    OPEN = "open"
    UNDOING = "undoing"
    DONE = "done"
    UNDONE = "undone"
    DECLINED = "declined"
    LAPSED = "lapsed"


CLOSED = (CaseState.DONE, CaseState.UNDONE, CaseState.DECLINED, CaseState.LAPSED)


class ItemState(StrEnum):
    """returned: the resident has the word. asked: another department has it. working: effects are on their way."""

    READY = "ready"
    CLAIMED = "claimed"
    RETURNED = "returned"
    ASKED = "asked"
    WORKING = "working"
    STUCK = "stuck"
    DONE = "done"
    REFUSED = "refused"
    UNDO = "undo"
    UNDONE = "undone"
    CANCELLED = "cancelled"


# On somebody's desk; with the clock running, or standing.
AT_A_DESK = (ItemState.READY, ItemState.CLAIMED, ItemState.UNDO)
# What somebody has to do something about: what failed, or could not be decided, waits for a person too.
WATCHED = (*AT_A_DESK, ItemState.STUCK)
WAITING = (ItemState.RETURNED, ItemState.ASKED)
OVER = (ItemState.DONE, ItemState.REFUSED, ItemState.UNDONE, ItemState.CANCELLED)


class EffectState(StrEnum):
    """undoing: a system outside has still to be told that it is undone."""

    WAITING = "waiting"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class HandOver(StrEnum):
    """waiting: made by a case. handed: in a batch or a register. withdrawing: undone after that, still to be taken back there.

    withdrawn: undone. refused: its register's contract does not let it in.
    """

    WAITING = "waiting"
    HANDED = "handed"
    WITHDRAWING = "withdrawing"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


class AppealState(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"
    CHANGED = "changed"


class Light(StrEnum):
    """红黄灯: how an item stands against its deadline."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


CASE_TEXT = {
    CaseState.FOUND: Text("等您确认", "Waiting for your word"),
    CaseState.ASKING: Text("等您补充", "Something is missing"),
    CaseState.OPEN: Text("办理中", "Under way"),
    CaseState.UNDOING: Text("撤销中", "Being undone"),
    CaseState.DONE: Text("已办结", "Done"),
    CaseState.UNDONE: Text("已撤销", "Undone"),
    CaseState.DECLINED: Text("您已谢绝", "Declined"),
    CaseState.LAPSED: Text("逾期未确认", "Lapsed"),
}
ITEM_TEXT = {
    ItemState.READY: Text("待认领", "To be claimed"),
    ItemState.CLAIMED: Text("办理中", "Under way"),
    ItemState.RETURNED: Text("等居民补充", "Waiting for the resident"),
    ItemState.ASKED: Text("等部门答复", "Waiting for another department"),
    ItemState.WORKING: Text("系统办理中", "Running"),
    ItemState.STUCK: Text("需要人工处理", "Needs a person"),
    ItemState.DONE: Text("已办结", "Done"),
    ItemState.REFUSED: Text("不予办理", "Refused"),
    ItemState.UNDO: Text("待撤销", "To be undone"),
    ItemState.UNDONE: Text("已撤销", "Undone"),
    ItemState.CANCELLED: Text("无需办理", "Not needed any more"),
}
LIGHT_TEXT = {
    Light.GREEN: Text("绿灯", "Green"),
    Light.YELLOW: Text("黄灯", "Yellow"),
    Light.RED: Text("红灯", "Red"),
}

STREET = "street"
ADULT_AGE = 18
LEVELS = (STREET, "district", "city")
# An item whose last working day this is, or the one before, shows yellow.
YELLOW_DAYS = 1
APPEAL_WORKING_DAYS = 15
# 国办发〔2019〕51号: a bad rating is taken up within one working day; the answer is due in fifteen at most. Five is our promise.
RATING_ANSWER_WORKING_DAYS = 5
BAD_STARS = 2
QUESTION_WORKING_DAYS = 2


def desk_area(community: int, level: str) -> int:
    """Return the 12-digit code of the desk that serves a community at a level.

    >>> desk_area(330106002051, "street"), desk_area(330106002051, "district"), desk_area(330106002051, "city")
    (330106002000, 330106000000, 330100000000)
    """
    width = {STREET: 1_000, "district": 1_000_000, "city": 100_000_000}[level]
    return community // width * width


def level_of(area: int) -> str:
    """Return the level of a desk's area.

    >>> level_of(330106002000), level_of(330106000000), level_of(330100000000)
    ('street', 'district', 'city')
    """
    if area % 100_000_000 == 0:
        return "city"
    return "district" if area % 1_000_000 == 0 else STREET


def grown_up_by(today: date) -> date:
    """Return the last birth date of those who are of age on a day (民法典 第十七条: eighteen).

    >>> grown_up_by(date(2024, 2, 29)), grown_up_by(date(2025, 11, 5))
    (datetime.date(2006, 2, 28), datetime.date(2007, 11, 5))
    """
    year = today.year - ADULT_AGE
    return date(year, 2, 28) if (today.month, today.day) == (2, 29) else today.replace(year=year)


def age_on(birth_date: date, day: date) -> int:
    """Return somebody's age on a day, in whole years.

    >>> age_on(date(2022, 11, 5), date(2025, 11, 4)), age_on(date(2022, 11, 5), date(2025, 11, 5))
    (2, 3)
    """
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def due_after(day: date, working_days: int) -> date:
    """Return the last day on which something begun on a day is in time: the day itself does not count (民法典 第二百零一条)."""
    return working_days_after(day, working_days)


def moved_on(due: date, stopped_on: date, today: date) -> date:
    """Return a deadline after the clock stood from one day until another: as many working days later as passed."""
    return working_days_after(due, working_days_between(stopped_on, today))


def working_days_between(begin: date, end: date) -> int:
    """Count working days after one day, up to and with another; 0 where it is not later.

    >>> working_days_between(date(2025, 9, 30), date(2025, 10, 9)), working_days_between(date(2025, 11, 7), date(2025, 11, 7))
    (1, 0)
    """
    return sum(is_working_day(begin + timedelta(days=passed)) for passed in range(1, max(0, (end - begin).days) + 1))


def light(due_on: date | None, today: date) -> Light:
    """Say how an item with an open deadline stands.

    >>> light(date(2025, 11, 7), date(2025, 11, 5)).value, light(date(2025, 11, 6), date(2025, 11, 5)).value
    ('green', 'yellow')
    """
    if due_on is None or working_days_after(today, YELLOW_DAYS) < due_on:
        return Light.GREEN
    return Light.RED if today > due_on else Light.YELLOW
