"""For tests of tills and of what stands above: a street with a canteen, programmes, lists written by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from zhida.blocks.access.api import SYSTEM, Viewer
from zhida.blocks.tills import api as tills
from zhida.blocks.tills.eligibility import write_list
from zhida.blocks.tills.models import Provider, Till
from zhida.blocks.tills.rules import EventRequest
from zhida.kernel.clock import HANGZHOU
from zhida.kernel.identifiers import uscc_check_character
from zhida.kernel.text import Text

# 周志强's street and its community where the canteen stands; 吴静 works in another district.
COMMUNITY = 330106002051
ELSEWHERE = 330108001001
ZHOU_ZHIQIANG = Viewer("zhou_zhiqiang", "street_officer", "330106002")
WU_JING = Viewer("wu_jing", "street_officer", "330108001")
MAKER = Viewer("maker", "payment_maker", "330100")
MOTHER = 4711

# The middle of a working day on which tests live, and its month.
NOON = datetime(2025, 11, 5, 12, 0, tzinfo=HANGZHOU).astimezone(UTC)
TODAY = date(2025, 11, 5)
MONTH = "2025-11"


def organisation_code(number: int) -> str:
    first17 = f"91330106{number:09d}"
    return first17 + uscc_check_character(first17)


def install(code: str = "canteen_meal") -> None:
    """Install a programme that comes with the house."""
    path = next(path for path in tills.programme_files() if path.stem == code)
    tills.install_programme(SYSTEM, path)


def listed(*residents: int, programme: str = "canteen_meal", month: str = MONTH, unknown: tuple[int, ...] = ()) -> None:
    """Write a programme's list of a month. unknown: residents of whom a fact is missing."""
    write_list(programme, month, {number: True for number in residents} | {number: False for number in unknown}, {})


def canteen(number: int = 1, kind: str = "canteen", community: int = COMMUNITY) -> Provider:
    return tills.register_provider(SYSTEM, organisation_code(number), kind, Text("食堂", "Canteen"), community)


def till(provider: Provider | None = None) -> Till:
    return till_and_token(provider)[0]


def till_and_token(provider: Provider | None = None) -> tuple[Till, str]:
    return tills.make_till(SYSTEM, (provider or canteen()).pk, "1", date(2099, 1, 1))


def event(
    key: str, resident_no: int = MOTHER, price_fen: int = 12_00, at: datetime = NOON, programme: str = "canteen_meal"
) -> EventRequest:
    return EventRequest(key, programme, resident_no, at, price_fen)


def days(number: int) -> timedelta:
    return timedelta(days=number)
