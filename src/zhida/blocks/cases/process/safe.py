"""Bytes from an untrusted file to XML that can do nothing: no entities, no DTD, no network, bounded in size."""

from typing import NamedTuple

from lxml import etree

from zhida.blocks.cases.process.errors import ProcessRefused
from zhida.kernel.text import Text

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DIAGRAM = "http://www.omg.org/spec/BPMN/20100524/DI"
BOUNDS = "http://www.omg.org/spec/DD/20100524/DC"
EDGES = "http://www.omg.org/spec/DD/20100524/DI"
# Our own words in a file, as BPMN lets others add attributes.
EXTENSION = "urn:zhida:bpmn"

MAX_BYTES = 2_000_000
MAX_ELEMENTS = 20_000


class Tag(NamedTuple):
    """An XML name in its two parts."""

    space: str
    name: str


def tag_of(node: etree._Element) -> Tag:
    name = etree.QName(node)
    return Tag(name.namespace or "", name.localname)


def safe_xml(xml: bytes, place: str) -> etree._Element:
    """Return the root of a BPMN file. Raises: ProcessRefused for what is no XML, no BPMN, too large or has a document type."""
    if len(xml) > MAX_BYTES:
        raise ProcessRefused(
            place,
            Text(
                f"文件有 {len(xml)} 字节，超过上限 {MAX_BYTES}；请拆成几个流程。",
                f"it has {len(xml)} bytes, above the limit of {MAX_BYTES}. Split it into several processes.",
            ),
        )
    root = _parsed(xml, place)
    count = sum(1 for _ in root.iter())
    if count > MAX_ELEMENTS:
        raise ProcessRefused(
            place,
            Text(
                f"文件有 {count} 个 XML 元素，超过上限 {MAX_ELEMENTS}；请拆成几个流程。",
                f"it has {count} XML elements, above the limit of {MAX_ELEMENTS}. Split it into several processes.",
            ),
        )
    if tag_of(root) != (MODEL, "definitions"):
        raise ProcessRefused(
            place,
            Text(
                f"最外层是 {tag_of(root).name}，不是 BPMN 2.0 的 definitions；请从流程编辑器导出为 BPMN 2.0。",
                f"its outermost element is {tag_of(root).name}, not definitions of BPMN 2.0. Export it from your editor as BPMN 2.0.",
            ),
        )
    return root


def _parsed(xml: bytes, place: str) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 1)
        raise ProcessRefused(
            place,
            Text(
                f"不是完整的 XML（第 {line} 行）；请从流程编辑器重新导出。",
                f"it is not well-formed XML (line {line}). Export it from your editor again.",
            ),
        ) from None
    kind = root.getroottree().docinfo
    if kind.internalDTD is not None or kind.doctype:
        raise ProcessRefused(
            place,
            Text(
                "含有 DOCTYPE（实体或外部 DTD），可能读取别处的文件；请删除 DOCTYPE 一行。",
                "it has a DOCTYPE (entities or an external DTD), which could read other files. Delete the DOCTYPE.",
            ),
        )
    return root
