"""The door of the catalogue: public services, life events, the list of basic services, searching, eligibility, linked data."""

from zhida.blocks.catalogue.eligibility import ServiceEligibility, eligibility
from zhida.blocks.catalogue.errors import CatalogueInvalid, UnknownService
from zhida.blocks.catalogue.linked_data import BASE, catalogue_jsonld, catalogue_turtle
from zhida.blocks.catalogue.model import BasicService, Criterion, EvidenceType, LegalResource, LifeEvent, Output, PublicService
from zhida.blocks.catalogue.queries import (
    basic_services,
    basic_source,
    channels,
    life_events,
    public_service,
    public_services,
    sectors,
    service_of,
    services_of,
)
from zhida.blocks.catalogue.search import Found, search_services

__all__ = [
    "BASE",
    "BasicService",
    "CatalogueInvalid",
    "Criterion",
    "EvidenceType",
    "Found",
    "LegalResource",
    "LifeEvent",
    "Output",
    "PublicService",
    "ServiceEligibility",
    "UnknownService",
    "basic_services",
    "basic_source",
    "catalogue_jsonld",
    "catalogue_turtle",
    "channels",
    "eligibility",
    "life_events",
    "public_service",
    "public_services",
    "search_services",
    "sectors",
    "service_of",
    "services_of",
]
