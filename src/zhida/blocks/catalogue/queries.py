"""Reads: the services, the life events that bring them, the city's list of basic services."""

from __future__ import annotations

import difflib

from zhida.blocks.catalogue.errors import UnknownService
from zhida.blocks.catalogue.model import BasicService, LifeEvent, PublicService
from zhida.blocks.catalogue.reading import catalogue
from zhida.kernel.text import Text


def public_services() -> dict[str, PublicService]:
    """Return every public service of the installed packs by key."""
    return catalogue().services


def public_service(key: str) -> PublicService:
    """Raises: UnknownService, with the nearest key."""
    known = catalogue().services
    if key not in known:
        raise UnknownService(key, next(iter(difflib.get_close_matches(key, known, 1)), None))
    return known[key]


def life_events() -> dict[str, LifeEvent]:
    """Return every life event by key."""
    return catalogue().life_events


def services_of(life_event: str) -> list[PublicService]:
    """Return the services that a life event brings."""
    return [each for each in catalogue().services.values() if life_event in each.life_events]


def service_of(benefit: str) -> PublicService | None:
    """Return the service whose output a benefit is."""
    return next((each for each in catalogue().services.values() if benefit in each.benefits), None)


def sectors() -> dict[str, Text]:
    """Return the fields of life that services are sorted by."""
    return catalogue().sectors


def channels() -> dict[str, Text]:
    """Return the ways to ask for a service."""
    return catalogue().channels


def basic_services(sector: str = "", words: str = "") -> list[BasicService]:
    """Return the city's list of basic public services, of one sector and holding all the words where asked, case ignored."""
    wanted = words.casefold().split()
    found = (each for each in catalogue().basic if sector in ("", each.sector))
    return [each for each in found if all(word in _written(each) for word in wanted)]


def basic_source() -> Text:
    """Return the text the list of basic services follows."""
    return catalogue().basic_source


def _written(each: BasicService) -> str:
    texts = [each.item, each.kind, each.who, each.leads, each.pays, *([each.standard] if each.standard else [])]
    return " ".join(f"{text.zh} {text.en}" for text in texts).casefold()
