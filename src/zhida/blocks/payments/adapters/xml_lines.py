"""XML as lines of text: large files read block by block into columns, without Python seeing a single payment.

The parser takes a file block by block, against a schema where one is given. After each block a stylesheet turns what is complete
into lines of text, and that leaves the tree. Both are C, as is what Arrow makes of the lines.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
from lxml import etree
from pyarrow import csv

# What a line tells; most lines leave most of it empty.
COLUMNS = ("kind", "open", "status", "amount", "direction", "reversal", "reason", "reference", "booked", "account")
BYTES_PER_READ = 1 << 16
BYTES_PER_BATCH = 1 << 21
# Up to this size a file is read as one tree, of about 15 times as much memory.
BYTES_AT_ONCE = 1 << 25
# Marks an element whose end was not read yet. A file cannot hold it where it counts: no schema allows it.
OPEN = "open"
COMPLETE = f"[not(@{OPEN})]"

# No entities, nothing from outside; and comments say nothing that a schema could check.
_PARSER = {"load_dtd": False, "no_network": True, "resolve_entities": False, "remove_comments": True, "remove_pis": True}
_STYLE = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:m="{namespace}">
<xsl:output method="text" encoding="UTF-8"/>
<xsl:template match="/">{body}</xsl:template>
</xsl:stylesheet>"""


class CutOff(ValueError):
    """The file stops before its end."""


def for_each(paths: str, *body: str) -> str:
    """Write the instruction to do something for each element of a path; ``m:`` is the message's namespace."""
    return f"<xsl:for-each select='{paths}'>{''.join(body)}</xsl:for-each>"


def write_line(kind: str, **paths: str) -> str:
    """Write the instructions for one line; blanks become one space, so that no tab or newline stands inside a value.

    An amount goes out with its currency before it, as ``CNY 100.00``.
    """
    values = [f"<xsl:text>{kind}</xsl:text>"]
    for column in COLUMNS[1:]:
        path = paths.get(column)
        if path is None:
            values.append("")
        elif column == "amount":
            values.append(for_each(path, "<xsl:value-of select=\"concat(@Ccy,' ',normalize-space())\"/>"))
        else:
            values.append(f'<xsl:value-of select="normalize-space({path})"/>')
    return "<xsl:text>&#9;</xsl:text>".join(values) + "<xsl:text>&#10;</xsl:text>"


@dataclass(frozen=True)
class LineReader:
    """Reads the lines of one kind of file. ``read_once`` names elements that leave the tree once they were read."""

    namespace: str
    body: str
    read_once: tuple[str, ...]
    schema: etree.XMLSchema | None = None

    def batches(self, path: Path) -> Iterator[pa.RecordBatch]:
        """Yield lines as columns of text, a few megabytes at a time.

        Raises: etree.LxmlError, CutOff, ValueError.
        """
        held: list[bytes] = []
        size = 0
        for text in self._texts(path):
            held.append(text)
            size += len(text)
            if size >= BYTES_PER_BATCH:
                yield _columns(b"".join(held))
                held, size = [], 0
        if size:
            yield _columns(b"".join(held))

    @cached_property
    def _style(self) -> etree.XSLT:
        """The stylesheet; it may open no file and no connection."""
        sheet = etree.XML(_STYLE.format(namespace=self.namespace, body=self.body))
        return etree.XSLT(sheet, access_control=etree.XSLTAccessControl.DENY_ALL)

    def _texts(self, path: Path) -> Iterator[bytes]:
        """Yield the file as text: a small one in one piece, which is a third faster, a large one block by block."""
        if path.stat().st_size > BYTES_AT_ONCE:
            yield from self._read_in_blocks(path)
            return
        root = etree.fromstring(path.read_bytes(), etree.XMLParser(**_PARSER))
        if self.schema is not None:
            self.schema.assertValid(root)
        yield bytes(self._style(root))

    def _read_in_blocks(self, path: Path) -> Iterator[bytes]:
        """Yield a piece for each block that was read, and one for the rest."""
        root, is_whole = None, False
        document_tag = f"{{{self.namespace}}}Document"
        parser = etree.XMLPullParser(events=("start", "end"), tag=document_tag, schema=self.schema, **_PARSER)
        for block in _blocks(path):
            parser.feed(block)
            for event, document in parser.read_events():
                root, is_whole = document, event == "end"
            if root is not None:
                last = _last_of_each(root)
                for element in last[1:]:
                    element.set(OPEN, "1")
                yield bytes(self._style(root))
                self._forget_read(last)
        parser.close()
        # With a schema, lxml does not complain about a file that simply stops; its last tag must have been read.
        if root is None or not is_whole:
            raise CutOff(path.name)
        yield bytes(self._style(root))

    def _forget_read(self, last: list[etree._Element]) -> None:
        """Take what was read out of the tree, and the marks off the rest."""
        for element in last:
            element.attrib.pop(OPEN, None)
            for index, child in enumerate(element):
                if etree.QName(child).localname in self.read_once:
                    del element[index:-1]
                    break


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while block := handle.read(BYTES_PER_READ):
            yield block


def _last_of_each(root: etree._Element) -> list[etree._Element]:
    """Return the last element of each depth, from the root down: those whose end may still be to come."""
    last = [root]
    while len(last[-1]):
        last.append(last[-1][-1])
    return last


def _columns(text: bytes) -> pa.RecordBatch:
    table = csv.read_csv(
        io.BytesIO(text),
        csv.ReadOptions(column_names=COLUMNS, block_size=len(text) + 1, use_threads=False),
        csv.ParseOptions(delimiter="\t", quote_char=False),
        csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.string()), strings_can_be_null=False),
    )
    (batch,) = table.combine_chunks().to_batches()
    return batch
