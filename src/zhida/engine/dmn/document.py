"""Reads DMN as XML: no entities, no files, no network, nothing larger than a table ever is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from zhida.engine.dmn.errors import DmnRefused

BYTES_MAX = 2_000_000
NAMESPACES = frozenset(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    }
)
# An element of lxml, which has no types.
Element = Any


def read_document(xml: bytes, place: str) -> Element:
    """Return the root, ``definitions``. Raises: DmnRefused."""
    if len(xml) > BYTES_MAX:
        raise DmnRefused(
            place, f"文件超过 {BYTES_MAX // 1_000_000} MB；请拆成几个", f"the file is over {BYTES_MAX // 1_000_000} MB. Split it"
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True, recover=False
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise DmnRefused(
            place, f"第 {line} 行起不是正确的 XML；请用 DMN 编辑器重新保存", f"no XML from line {line} on. Save it again from a DMN editor"
        ) from error
    if root.getroottree().docinfo.doctype:
        raise DmnRefused(place, "文件带有 DOCTYPE；请删去，决策表不需要它", "the file has a DOCTYPE. Take it out: tables need none")
    if etree.QName(root).localname != "definitions" or namespace_of(root) not in NAMESPACES:
        zh = "根元素不是 DMN 1.1 至 1.5 的 definitions；请用 DMN 编辑器保存"
        raise DmnRefused(place, zh, "the root is no definitions of DMN 1.1 to 1.5. Save it from a DMN editor")
    return root


def namespace_of(element: Element) -> str:
    return str(etree.QName(element).namespace or "")


def tag_of(element: Element) -> str:
    """Return an element's name without its namespace."""
    return str(etree.QName(element).localname)


def children(element: Element, *tags: str) -> Iterator[Element]:
    """Give the DMN elements right below one; without tags, all of them. Other namespaces (drawings, a tool's own notes) are passed over."""
    own = namespace_of(element)
    for child in element:
        if namespace_of(child) == own and (not tags or tag_of(child) in tags):
            yield child


def child(element: Element, tag: str) -> Element | None:
    return next(children(element, tag), None)


def text_of(element: Element | None) -> str:
    """Return what an element's ``<text>`` holds, ``""`` where it has none."""
    inner = child(element, "text") if element is not None else None
    return "".join(inner.itertext()).strip() if inner is not None else ""


def place_of(place: str, element: Element) -> str:
    """Name an element by its id (else its tag) and line."""
    return f"{place}, {element.get('id') or tag_of(element)} (line {element.sourceline})"
