"""Which life events are installed, and the version that each running case began with."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from zhida.blocks.cases.declarations.model import LifeEventDeclaration
from zhida.blocks.cases.declarations.reading import DECLARATION, read_kept, read_life_event
from zhida.blocks.cases.errors import UnknownLifeEvent
from zhida.blocks.cases.models import LifeEventVersion
from zhida.kernel import clock

PACKS = Path(__file__).resolve().parents[3] / "packs"
FOLDER = "life_events"


def folders() -> dict[Path, str]:
    """Return the folders of all life events with their pack: of installed packs, then the city's own (``ZHIDA_LIFE_EVENTS``)."""
    found = {path.parent: pack for pack in settings.INSTALLED_PACKS for path in sorted((PACKS / pack / FOLDER).glob(f"*/{DECLARATION}"))}
    for own in settings.LIFE_EVENT_FOLDERS:
        found |= {path.parent: "" for path in sorted(Path(own).glob(f"*/{DECLARATION}"))}
    return found


@lru_cache(1)
def life_events() -> dict[str, LifeEventDeclaration]:
    """Return the installed life events by key. Raises: LifeEventInvalid."""
    read = [read_life_event(folder, pack) for folder, pack in folders().items()]
    return {declared.key: declared for declared in read}


def life_event(key: str) -> LifeEventDeclaration:
    """Raises: UnknownLifeEvent."""
    if key not in life_events():
        raise UnknownLifeEvent(key)
    return life_events()[key]


def keep_version(declared: LifeEventDeclaration) -> str:
    """Keep the texts of an installed life event for the cases that begin with it; return their hash."""
    LifeEventVersion.objects.get_or_create(
        event=declared.key, content_hash=declared.hash, defaults={"files": dict(declared.files), "installed_at": clock.now()}
    )
    return declared.hash


@lru_cache(64)
def declared_as(event: str, version: str) -> LifeEventDeclaration:
    """Return a life event as it was declared when a case began."""
    installed = life_events().get(event)
    if installed is not None and installed.hash == version:
        return installed
    return read_kept(LifeEventVersion.objects.get(event=event, content_hash=version).files, event)
