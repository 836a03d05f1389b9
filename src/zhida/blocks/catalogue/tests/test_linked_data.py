"""The export fits the public shapes of CPSV-AP 3.2.0, says the same in both forms, and the shapes would notice a defect."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyshacl import validate
from rdflib import RDF, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic

from zhida.blocks.catalogue.api import catalogue_jsonld, catalogue_turtle, public_services

SHAPES = Path(__file__).parent / "cpsv_ap_3_2_0_shapes.ttl"
CPSV, DCT, CV = Namespace("http://purl.org/vocab/cpsv#"), Namespace("http://purl.org/dc/terms/"), Namespace("http://data.europa.eu/m8g/")
BIRTH = URIRef("https://zhida.example/services/birth_certificate")


@pytest.fixture(scope="module")
def shapes() -> Graph:
    return Graph().parse(SHAPES, format="turtle")


@pytest.fixture(scope="module")
def exported() -> Graph:
    return Graph().parse(data=catalogue_jsonld(), format="json-ld")


def _part(exported: Graph) -> Graph:
    """What is said of one service and of everything it names: enough to break, quick to check."""
    part = Graph()
    for subject in {BIRTH, *exported.objects(BIRTH)}:
        part += exported.triples((subject, None, None))
    for subject in set(part.objects()):
        part += exported.triples((subject, RDF.type, None))
    return part


def _complaints(data: Graph, shapes: Graph) -> str:
    conforms, _, told = validate(data, shacl_graph=shapes)
    return "" if conforms else told


def test_the_whole_catalogue_fits_the_shapes(exported: Graph, shapes: Graph) -> None:
    assert _complaints(exported, shapes) == ""
    assert set(exported.subjects(RDF.type, CPSV.PublicService)) == {
        URIRef(f"https://zhida.example/services/{key}") for key in public_services()
    }


def test_the_shapes_notice_a_service_without_a_name(exported: Graph, shapes: Graph) -> None:
    part = _part(exported)
    assert "birth_certificate" not in _complaints(part, shapes)
    part.remove((BIRTH, DCT.title, None))
    told = _complaints(part, shapes)
    assert "birth_certificate" in told and "Less than 1 values" in told


@pytest.mark.parametrize(
    ("predicate", "value"),
    [
        (DCT.identifier, Literal("a second one")),
        (CV.processingTime, Literal("five days")),
        (CV.hasCost, DCT.nothing),
        (DCT.title, Literal("no language")),
    ],
)
def test_the_shapes_notice_a_wrong_value(exported: Graph, shapes: Graph, predicate: URIRef, value: Literal) -> None:
    part = _part(exported)
    part.add((BIRTH, predicate, value))
    assert "birth_certificate" in _complaints(part, shapes)


def test_turtle_says_what_json_says(exported: Graph) -> None:
    assert isomorphic(exported, Graph().parse(data=catalogue_turtle(), format="turtle"))


def test_names_begin_where_the_site_is_served() -> None:
    assert '"https://city.example/services/birth_certificate"' in catalogue_jsonld("https://city.example/")
