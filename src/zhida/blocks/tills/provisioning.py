"""Providers and their tills: registering, giving a till its secret, taking it back, asking whose secret one is."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date

from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.places import api as places
from zhida.blocks.tills.common import may, record
from zhida.blocks.tills.errors import InvalidKind, InvalidOrganisation, InvalidTerm, ProviderKnown, UnknownProvider, UnknownTill
from zhida.blocks.tills.models import Provider, Till
from zhida.blocks.tills.rules import PROVIDER_KINDS
from zhida.kernel import clock
from zhida.kernel.identifiers import is_uscc
from zhida.kernel.text import Text

# So that a secret that leaked is recognised for what it is.
_TOKEN_BEGINS = "zdtill_"


@transaction.atomic
def register_provider(viewer: access.Viewer, organisation_code: str, kind: str, name: Text, community: int) -> Provider:
    """Register where events happen.

    Raises: InvalidOrganisation, InvalidKind, ProviderKnown, UnknownArea, PermissionMissing.
    """
    may(viewer, "tills.manage")
    if not is_uscc(organisation_code):
        raise InvalidOrganisation(organisation_code)
    if kind not in PROVIDER_KINDS:
        raise InvalidKind(kind, ", ".join(PROVIDER_KINDS))
    where = places.area(community).code
    if Provider.objects.filter(organisation_code=organisation_code, kind=kind, community=where).exists():
        raise ProviderKnown(organisation_code)
    made = Provider.objects.create(organisation_code=organisation_code, kind=kind, name_zh=name.zh, name_en=name.en, community=where)
    record(viewer, "tills.provider", f"provider {made.pk}")
    return made


@transaction.atomic
def make_till(viewer: access.Viewer, provider_id: int, name: str, active_until: date) -> tuple[Till, str]:
    """Give a provider another till; return it and its secret, which nobody can read again.

    Raises: UnknownProvider, InvalidTerm, PermissionMissing.
    """
    may(viewer, "tills.manage")
    provider = Provider.objects.filter(pk=provider_id).first()
    if provider is None:
        raise UnknownProvider(provider_id)
    if active_until < clock.today():
        raise InvalidTerm(active_until.isoformat())
    token = _TOKEN_BEGINS + secrets.token_urlsafe(32)
    till = Till.objects.create(
        provider=provider,
        name=name,
        token_hash=hash_of(token),
        active_until=active_until,
        made_by=viewer.account,
        made_at=clock.now(),
    )
    record(viewer, "tills.make", f"till {till.pk}")
    return till, token


@transaction.atomic
def revoke_till(viewer: access.Viewer, till_id: int) -> Till:
    """Take a till's secret back: from the next request on it is refused. Raises: UnknownTill, PermissionMissing."""
    may(viewer, "tills.manage")
    till = Till.objects.filter(pk=till_id).first()
    if till is None:
        raise UnknownTill(till_id)
    if till.revoked_at is None:
        till.revoked_at = clock.now()
        till.save(update_fields=["revoked_at"])
        record(viewer, "tills.revoke", f"till {till_id}")
    return till


def till_of(token: str) -> Till | None:
    """Return the till whose secret this is, with its provider; None for any other text."""
    return Till.objects.select_related("provider").filter(token_hash=hash_of(token)).first()


def is_active(till: Till) -> bool:
    return till.revoked_at is None and clock.today() <= till.active_until


def hash_of(token: str) -> str:
    """Return what is kept of a secret. 256 random bits cannot be guessed from it, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
