"""A few days at a few counters, made up: so that the pages of a demonstration have something to show. Never used by a real city."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pyarrow.parquet as pq

from zhida.blocks.access import api as access
from zhida.blocks.places import api as places
from zhida.blocks.records import api as records
from zhida.blocks.tills.eligibility import make_lists
from zhida.blocks.tills.events import post_events
from zhida.blocks.tills.models import BenefitEvent, EligibleResident, Provider, Till
from zhida.blocks.tills.programmes import install_programme, programme_files, programmes
from zhida.blocks.tills.provisioning import make_till, register_provider
from zhida.blocks.tills.refunds import RefundRequest, refund_event
from zhida.blocks.tills.rules import EventRequest
from zhida.kernel.clock import HANGZHOU
from zhida.kernel.text import Text

# How many counters of a kind, how they are called, what they sell, at which hours, for how much.
_COUNTERS = (
    ("canteen", 4, Text("老年食堂", "canteen for older people"), "canteen_meal", (11, 17), (12_00, 15_00, 18_00)),
    ("bus", 2, Text("公交站", "bus stop"), "bus_ride", (7, 8, 16), (2_00, 3_00)),
    ("clinic", 1, Text("卫生服务站", "clinic"), "medical_deductible", (9, 14), (36_00, 88_50)),
    ("school", 1, Text("职业培训学校", "vocational school"), "training_voucher", (10,), (480_00,)),
)
_AT_ONCE = 100
_GUESTS = 60


@dataclass(frozen=True)
class DemoEvents:
    """What was made up: providers, events accepted and refused, refunds."""

    providers: int
    accepted: int
    refused: int
    refunds: int


def demo_events(
    viewer: access.Viewer, last_day: date, community: int, guests: tuple[int, ...] = (), days: int = 3, seed: int = 7
) -> DemoEvents:
    """Install the programmes, make the newest month's lists, and let counters tell of some days up to ``last_day``.

    The first canteen stands in ``community``, and ``guests`` eat there every day. Given again, nothing is told twice: keys are the same.
    Raises: NoRun, NoSnapshot.
    """
    for path in programme_files():
        install_programme(viewer, path)
    make_lists(viewer)
    tills = _tills(viewer, community, last_day)
    dice = random.Random(seed)
    events = {till.pk: list(_events(dice, till, last_day, days, guests if number == 0 else ())) for number, till in enumerate(tills)}
    for till in tills:
        for day in sorted({event.day for event in events[till.pk]}):
            _tell(till, [event for event in events[till.pk] if event.day == day], _moment(day, 20, 0))
    refunds = _some_refunds(tills, last_day)
    told = BenefitEvent.objects.filter(till__in=tills)
    states = list(told.values_list("state", flat=True))
    return DemoEvents(len(tills), states.count("accepted"), states.count("refused"), refunds)


def _tills(viewer: access.Viewer, community: int, last_day: date) -> list[Till]:
    """Return one till per counter; providers are organisations that have an account, so that they can be paid."""
    street = places.area(community).parent
    here = [community] + [each.code for each in places.communities(int(street)) if each.code != community] if street else [community]
    codes = iter(_organisations())
    found = []
    for kind, count, name, *_ in _COUNTERS:
        for number in range(count):
            where = here[number % len(here)]
            label = places.area(where).name
            called = Text(f"{label.zh}{name.zh}", f"{label.en} {name.en}")
            provider = Provider.objects.filter(kind=kind, community=where).first()
            if provider is None:
                provider = register_provider(viewer, next(codes), kind, called, where)
            till = provider.tills.first()
            found.append(till or make_till(viewer, provider.pk, "1", last_day + timedelta(days=365))[0])
    return found


def _organisations() -> list[str]:
    path = records.snapshot_path(records.newest_snapshot().hash) / "organisation_accounts.parquet"
    taken = set(Provider.objects.values_list("organisation_code", flat=True))
    return [code for code in pq.read_table(path, columns=["organisation_code"])["organisation_code"].to_pylist() if code not in taken]


def _events(dice: random.Random, till: Till, last_day: date, days: int, guests: tuple[int, ...]) -> list[EventRequest]:
    _, _, _, programme, hours, prices = next(counter for counter in _COUNTERS if counter[0] == till.provider.kind)
    if programme not in programmes():
        return []
    listed = EligibleResident.objects.filter(programme=programme, is_known=True).order_by("resident_no")
    known = list(listed.values_list("resident_no", flat=True)[: _GUESTS * 20])
    made = []
    for back in range(days - 1, -1, -1):
        day = last_day - timedelta(days=back)
        # Now and then somebody comes who is not on the list.
        people = [*guests, *dice.sample(known, min(_GUESTS // 2, len(known))), dice.randrange(10**7, 10**8)]
        for place, resident_no in enumerate(people):
            hour = dice.choice(hours)
            key = f"{day:%y%m%d}-{place:04d}"
            made.append(EventRequest(key, programme, resident_no, _moment(day, hour, place % 60), dice.choice(prices)))
    return made


def _tell(till: Till, events: list[EventRequest], now: datetime) -> None:
    for first in range(0, len(events), _AT_ONCE):
        post_events(till, events[first : first + _AT_ONCE], now)


def _some_refunds(tills: list[Till], last_day: date) -> int:
    """Let each canteen take a meal back."""
    made = 0
    for till in tills:
        event = BenefitEvent.objects.filter(till=till, state="accepted", happened_on=last_day).order_by("pk").last()
        if event is not None and till.provider.kind == "canteen":
            when = event.happened_at + timedelta(minutes=20)
            refund_event(till, event.key, RefundRequest(f"R-{event.key}", event.price_fen, when), now=_moment(last_day, 20, 30))
            made += 1
    return made


def _moment(day: date, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute), HANGZHOU).astimezone(UTC)
