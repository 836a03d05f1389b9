"""The catalogue as linked data: CPSV-AP 3.2, in JSON-LD and in Turtle, made from the same list of triples.

Shapes that a catalogue has to fit: tests/cpsv_ap_3_2_0_shapes.ttl. Nothing is needed at run time but this file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from zhida.blocks.catalogue.model import EvidenceType, LegalResource, PublicService
from zhida.blocks.catalogue.reading import catalogue
from zhida.blocks.policies import api as policies
from zhida.kernel.text import Text

# Where identifiers begin when nobody says at which address this city's pages are served.
BASE = "https://zhida.example/"
PREFIXES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dct": "http://purl.org/dc/terms/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "org": "http://www.w3.org/ns/org#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "cv": "http://data.europa.eu/m8g/",
    "cpsv": "http://purl.org/vocab/cpsv#",
    "eli": "http://data.europa.eu/eli/ontology#",
    "adms": "http://www.w3.org/ns/adms#",
    # The class that the shapes of 3.2.0 name for a territorial unit.
    "atu": "http://data.europa.eu/88u/dataset/",
}
_AUTHORITY = "http://publications.europa.eu/resource/authority/"
LANGUAGES = {"zh": f"{_AUTHORITY}language/ZHO", "en": f"{_AUTHORITY}language/ENG"}
_YUAN = f"{_AUTHORITY}currency/CNY"
_ACTIVE = "http://purl.org/adms/status/Completed"
_WORKING_DAYS_A_WEEK, _DAYS_A_WEEK = 5, 7


@dataclass(frozen=True)
class Iri:
    """A name of a thing; within the catalogue it is told from where the catalogue is served."""

    value: str


@dataclass(frozen=True)
class Literal:
    """A value, in a language or of a datatype (``xsd:...``), or neither."""

    value: str
    language: str = ""
    datatype: str = ""


# Subject, predicate as prefix:name, object. A class is an object of rdf:type, also prefix:name.
Triple = tuple[Iri, str, Iri | Literal | str]


def triples(base: str = BASE) -> Iterator[Triple]:
    """Yield everything the catalogue says. base: the address of the site, with a slash at its end."""
    return _Writer(base).all()


def catalogue_jsonld(base: str = BASE) -> str:
    """Return the catalogue as JSON-LD: one node per thing, in the order they are first named."""
    nodes: dict[str, dict[str, Any]] = {}
    for subject, predicate, value in triples(base):
        node = nodes.setdefault(subject.value, {"@id": subject.value})
        if predicate == "rdf:type":
            node.setdefault("@type", []).append(value)
        else:
            node.setdefault(predicate, []).append(_json_value(value))
    used = {name: iri for name, iri in PREFIXES.items() if name != "rdf"}
    return json.dumps({"@context": used, "@graph": list(nodes.values())}, ensure_ascii=False, indent=1)


def catalogue_turtle(base: str = BASE) -> str:
    """Return the catalogue as Turtle."""
    lines = [f"@prefix {name}: <{iri}> ." for name, iri in PREFIXES.items()]
    before = None
    for subject, predicate, value in triples(base):
        if subject == before:
            lines[-1] = lines[-1].removesuffix(" .") + " ;"
            lines.append(f"  {predicate} {_turtle_value(value)} .")
        else:
            lines.append(f"\n<{subject.value}> {predicate} {_turtle_value(value)} .")
        before = subject
    return "\n".join(lines) + "\n"


def _json_value(value: Iri | Literal | str) -> dict[str, str]:
    if isinstance(value, Literal):
        extra = {"@language": value.language} if value.language else {"@type": value.datatype} if value.datatype else {}
        return {"@value": value.value, **extra}
    return {"@id": value.value if isinstance(value, Iri) else value}


def _turtle_value(value: Iri | Literal | str) -> str:
    if isinstance(value, Iri):
        return f"<{value.value}>"
    if isinstance(value, str):
        return value
    # JSON's escapes are Turtle's as well.
    written = json.dumps(value.value, ensure_ascii=False)
    return f"{written}@{value.language}" if value.language else f"{written}^^{value.datatype}" if value.datatype else written


class _Writer:
    """Says one thing after the other; things that several services share are said once, at the end."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.known = catalogue()
        self.laws: dict[LegalResource, Iri] = {}
        self.departments: dict[str, Text] = {}
        self.evidence: dict[str, EvidenceType] = {}

    def iri(self, *parts: str) -> Iri:
        return Iri(self.base + "/".join(parts))

    def all(self) -> Iterator[Triple]:
        yield from self.dataset()
        for service in self.known.services.values():
            yield from self.service(service)
        for key, event in self.known.life_events.items():
            at = self.iri("services", "events", key)
            yield at, "rdf:type", "cv:LifeEvent"
            yield at, "rdf:type", "cv:Event"
            yield from self.named(at, key, event.label)
        for part in ("sectors", "channels", "audiences"):
            for key, label in getattr(self.known, part).items():
                yield from self.concept(self.iri("services", part, key), label)
        yield from self.shared()

    def dataset(self) -> Iterator[Triple]:
        at, city = self.iri("services"), self.iri("city")
        yield at, "rdf:type", "dcat:Dataset"
        yield from self.texts(at, "dct:title", Text("公共服务目录", "Catalogue of public services"))
        yield from self.texts(
            at, "dct:description", Text("本市的公共服务，按 CPSV-AP 3.2 描述。", "The city's public services, described in CPSV-AP 3.2.")
        )
        yield at, "dct:publisher", city
        for key in self.known.services:
            yield at, "dct:hasPart", self.iri("services", key)
        yield city, "rdf:type", "foaf:Agent"
        yield from self.named(city, "330100", Text("杭州市（演示）", "Hangzhou (demonstration)"))

    def service(self, service: PublicService) -> Iterator[Triple]:
        at = self.iri("services", service.key)
        yield at, "rdf:type", "cpsv:PublicService"
        yield from self.named(at, service.key, service.label)
        yield from self.texts(at, "dct:description", service.summary)
        yield at, "cv:hasCompetentAuthority", self.department(service)
        yield at, "dct:isPartOf", self.iri("services")
        yield at, "dct:spatial", self.iri("places", "330100")
        yield at, "cv:sector", self.iri("services", "sectors", service.sector)
        yield at, "dct:audience", self.iri("services", "audiences", service.audience)
        yield at, "adms:status", Iri(_ACTIVE)
        for language in LANGUAGES.values():
            yield at, "dct:language", Iri(language)
        for language, words in (("zh", service.words_zh), ("en", service.words_en)):
            for word in words:
                yield at, "dcat:keyword", Literal(word, language)
        for event in service.life_events:
            yield at, "cv:isGroupedBy", self.iri("services", "events", event)
        if service.promised_working_days is not None:
            yield at, "cv:processingTime", Literal(_duration(service.promised_working_days), datatype="xsd:duration")
        for evidence in service.evidence:
            self.evidence[evidence.key] = evidence
            yield at, "cv:hasInputType", self.iri("services", "evidence", evidence.key)
        for law in service.law:
            self.laws.setdefault(law, self.iri("services", "law", str(len(self.laws) + 1)))
            yield at, "cv:hasLegalResource", self.laws[law]
        parts = list(self.parts(service))
        yield from ((at, predicate, part) for predicate, part, _ in parts)
        for _, _, said in parts:
            yield from said

    def parts(self, service: PublicService) -> Iterator[tuple[str, Iri, list[Triple]]]:
        """Yield what belongs to one service alone: how it is linked, its name, and what is said of it."""
        for number, criterion in enumerate(service.criteria, 1):
            at = self.iri("services", f"{service.key}#criterion-{number}")
            said: list[Triple] = [(at, "rdf:type", "cv:Requirement")]
            yield "cv:holdsRequirement", at, [*said, *self.named(at, f"{service.key}.criterion.{number}", criterion.text)]
        for number, output in enumerate(service.outputs, 1):
            at = self.iri("services", f"{service.key}#output-{number}")
            said = [(at, "rdf:type", "cv:Output")]
            yield "cpsv:produces", at, [*said, *self.named(at, f"{service.key}.output.{number}", output.label)]
        for channel in service.channels:
            at = self.iri("services", f"{service.key}#channel-{channel}")
            said = [(at, "rdf:type", "cv:Channel"), (at, "dct:identifier", Literal(f"{service.key}.{channel}"))]
            said.append((at, "dct:type", self.iri("services", "channels", channel)))
            yield "cv:hasChannel", at, [*said, *self.texts(at, "dct:description", self.known.channels[channel])]
        for code in service.benefits:
            at = self.iri("services", f"{service.key}#rule-{code}")
            yield "cpsv:follows", at, list(self.rule(at, service, code))
        if service.cost_fen is not None:
            at = self.iri("services", f"{service.key}#cost")
            yield "cv:hasCost", at, list(self.cost(at, service.key, service.cost_fen))

    def rule(self, at: Iri, service: PublicService, code: str) -> Iterator[Triple]:
        benefit = policies.benefits()[code]
        law = next(each for each in service.law if (each.name, each.clause) == (benefit.law, benefit.clause))
        yield at, "rdf:type", "cpsv:Rule"
        yield from self.named(at, code, benefit.label)
        yield at, "dct:description", Literal(benefit.clause, "zh")
        yield at, "cpsv:implements", self.laws[law]

    def cost(self, at: Iri, key: str, cost_fen: int) -> Iterator[Triple]:
        yield at, "rdf:type", "cv:Cost"
        yield at, "dct:identifier", Literal(f"{key}.cost")
        yield at, "cv:hasValue", Literal(f"{cost_fen // 100}.{cost_fen % 100:02d}", datatype="xsd:double")
        yield at, "cv:currency", Iri(_YUAN)

    def department(self, service: PublicService) -> Iri:
        self.departments[service.department] = service.department_label
        return self.iri("departments", service.department)

    def shared(self) -> Iterator[Triple]:
        """Departments, laws, kinds of proof, places and the concepts that are not ours."""
        for key, label in self.departments.items():
            at = self.iri("departments", key)
            yield at, "rdf:type", "cv:PublicOrganisation"
            yield at, "rdf:type", "org:Organization"
            yield at, "dct:identifier", Literal(key)
            yield from self.texts(at, "skos:prefLabel", label)
            yield at, "dct:spatial", self.iri("places", "330100")
        for law, at in self.laws.items():
            yield at, "rdf:type", "eli:LegalResource"
            yield at, "dct:title", Literal(" ".join(part for part in (law.name, law.clause) if part), "zh")
            if law.source:
                yield at, "dct:identifier", Literal(law.source)
        for key, evidence in self.evidence.items():
            at = self.iri("services", "evidence", key)
            yield at, "rdf:type", "cv:EvidenceType"
            yield from self.named(at, key, evidence.label)
        place = self.iri("places", "330100")
        yield place, "rdf:type", "dct:Location"
        yield place, "rdf:type", "atu:atu-type"
        yield from self.texts(place, "skos:prefLabel", Text("杭州市", "Hangzhou"))
        for language, at in LANGUAGES.items():
            yield Iri(at), "rdf:type", "dct:LinguisticSystem"
            yield Iri(at), "dct:identifier", Literal(language)
        yield from self.concept(Iri(_YUAN), Text("人民币", "Renminbi"))
        yield from self.concept(Iri(_ACTIVE), Text("在办", "Active"))

    def concept(self, at: Iri, label: Text) -> Iterator[Triple]:
        yield at, "rdf:type", "skos:Concept"
        yield from self.texts(at, "skos:prefLabel", label)

    def named(self, at: Iri, identifier: str, title: Text) -> Iterator[Triple]:
        yield at, "dct:identifier", Literal(identifier)
        yield from self.texts(at, "dct:title", title)

    def texts(self, at: Iri, predicate: str, text: Text) -> Iterator[Triple]:
        yield at, predicate, Literal(text.zh, "zh")
        yield at, predicate, Literal(text.en, "en")


def _duration(working_days: int) -> str:
    """Write working days as a duration of calendar days, which is all that xsd has: five to the week, rounded up.

    >>> _duration(5), _duration(1), _duration(30)
    ('P7D', 'P2D', 'P42D')
    """
    return f"P{-(-working_days * _DAYS_A_WEEK // _WORKING_DAYS_A_WEEK)}D"
