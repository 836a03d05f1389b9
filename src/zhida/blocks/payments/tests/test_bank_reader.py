"""The reader of bank files: as columns, whole or block by block, it says what reading element by element says."""

import re
from datetime import date
from random import Random

import pytest
from lxml import etree

from zhida.blocks.payments.adapters import bank_files, xml_lines
from zhida.blocks.payments.adapters.bank_files import read_bank_file
from zhida.blocks.payments.adapters.iso20022 import NAMESPACE, schema
from zhida.blocks.payments.errors import BankFileUnreadable
from zhida.blocks.payments.rules import transaction_id_of
from zhida.blocks.payments.tests.bank_letters import BankRow, letter, random_booked, random_status_report, statement
from zhida.kernel.money import parse_yuan


@pytest.fixture(params=["at once", "in blocks"])
def way(request, monkeypatch):
    """Read both ways; blocks so small that they end inside a tag, a text and a character."""
    if request.param == "in blocks":
        monkeypatch.setattr(xml_lines, "BYTES_AT_ONCE", 0)
        monkeypatch.setattr(xml_lines, "BYTES_PER_READ", 97)
        monkeypatch.setattr(xml_lines, "BYTES_PER_BATCH", 700)


def rows_of(contents):
    return [BankRow(**row) for batch in contents.batches() for row in batch.to_pylist()]


class OneByOne:
    """Reads a valid bank file as a tree, in plain Python: slow, and easy to check by eye."""

    def __init__(self, path):
        self.root = etree.parse(str(path)).getroot()
        self.names = {"m": etree.QName(self.root).namespace}

    def text(self, element, path):
        return re.sub("[ \t\r\n]+", " ", element.xpath(f"string({path})", namespaces=self.names)).strip(" ")

    def fen(self, element, path):
        written, currency = self.text(element, path), self.text(element, f"{path}/@Ccy")
        return (parse_yuan(written) if currency == "CNY" else None), ("wrong_currency" if currency not in ("", "CNY") else "")

    def row(self, position, reference, event, fen, reason="", booked="", problem=""):
        day = date.fromisoformat(booked[:10]).isoformat() if booked else None
        problem = problem or ("" if event else "unknown_event")
        return BankRow(position, transaction_id_of(reference), reference, event, fen, reason, day, problem)

    def booked(self):
        position = 0
        for entry in self.root.iterfind(".//m:Ntry", self.names):
            booked, details = self.text(entry, "m:BookgDt/*"), entry.findall("m:NtryDtls/m:TxDtls", self.names)
            if not details:
                position += 1
                fen, problem = self.fen(entry, "m:Amt")
                yield self.row(position, self.text(entry, "m:NtryRef"), "", fen, "", booked, problem)
            for payment in details:
                position += 1
                fen, problem = self.fen(payment, "m:Amt")
                reason = self.text(payment, "m:RtrInf/m:Rsn/*")
                event = self.event(entry, payment, reason)
                yield self.row(position, self.text(payment, "m:Refs/m:EndToEndId"), event, fen, reason, booked, problem)

    def event(self, entry, payment, reason):
        direction = self.text(payment, "m:CdtDbtInd") or self.text(entry, "m:CdtDbtInd")
        is_reversal = self.text(entry, "m:RvslInd") in ("true", "1")
        if self.text(entry, "m:Sts/m:Cd") != "BOOK":
            return ""
        if direction == "CRDT":
            return "returned" if reason or is_reversal else ""
        return "" if reason or is_reversal else "paid"

    def reported(self):
        meaning = {"RJCT": "rejected"} | dict.fromkeys(("ACCP", "ACSP", "ACSC", "ACWC", "ACWP", "ACCC"), "accepted")
        for position, payment in enumerate(self.root.iterfind(".//m:TxInfAndSts", self.names), 1):
            status = self.text(payment, "m:TxSts")
            if status in ("RCVD", "PDNG", "ACTC", "ACFC", "PATC", "PRES"):
                continue
            fen, problem = self.fen(payment, "m:OrgnlTxRef/m:Amt/m:InstdAmt")
            reason = self.text(payment, "m:StsRsnInf/m:Rsn/*")
            yield self.row(position, self.text(payment, "m:OrgnlEndToEndId"), meaning.get(status, ""), fen, reason, "", problem)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("message", ["camt.054.001.08", "camt.053.001.08"])
def test_booked_payments_read_as_one_by_one(tmp_path, way, message, seed):
    path = letter(tmp_path, random_booked(Random(seed), message))
    schema(message).assertValid(etree.parse(str(path)))
    contents = read_bank_file(path)
    assert rows_of(contents) == list(OneByOne(path).booked())
    assert (contents.message_name, contents.message_id) == (message, "B-1")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("version", ["03", "12"])
def test_status_reports_read_as_one_by_one(tmp_path, way, version, seed):
    path = letter(tmp_path, random_status_report(Random(seed), version))
    schema(f"pain.002.001.{version}").assertValid(etree.parse(str(path)))
    contents = read_bank_file(path)
    assert rows_of(contents) == list(OneByOne(path).reported())
    tree = OneByOne(path)
    said = [tree.text(group, "m:PmtInfSts") for group in tree.root.iterfind(".//m:OrgnlPmtInfAndSts", tree.names)]
    assert len(contents.groups) == 1 + len([status for status in said if status not in ("", "RCVD", "PDNG")])
    assert {group.message_id for group in contents.groups} == {"ZHIDA-00000001"}


def test_a_statement_says_what_the_account_held(tmp_path, way):
    text = statement(1_000_00, [("ZD0000000000000001", 100_00, "DBIT"), ("ZD0000000000000002", 30_00, "CRDT")], 930_00)
    contents = read_bank_file(letter(tmp_path, text))
    assert [(row.transaction_id, row.event, row.amount_fen) for row in rows_of(contents)] == [(1, "paid", 100_00), (2, "returned", 30_00)]
    (found,) = contents.statements
    assert (found.account, found.opening_fen, found.closing_fen) == ("33010000", 1_000_00, 930_00)
    assert (found.first_on, found.last_on) == ("2025-11-05", "2025-11-06")


@pytest.mark.parametrize("closing_fen", [930_01, 1_000_00, -930_00])
def test_a_statement_that_does_not_add_up_is_refused(tmp_path, way, closing_fen):
    text = statement(1_000_00, [("ZD0000000000000001", 100_00, "DBIT"), ("ZD0000000000000002", 30_00, "CRDT")], closing_fen)
    with pytest.raises(BankFileUnreadable, match=r"opens with 1000\.00 yuan"):
        rows_of(read_bank_file(letter(tmp_path, text)))


def test_sums_are_exact_where_floats_would_not_be(tmp_path, way):
    rows = [("ZD0000000000000001", 90_071_992_547_409_93, "DBIT"), ("ZD0000000000000002", 90_071_992_547_409_94, "DBIT")]
    contents = read_bank_file(letter(tmp_path, statement(180_143_985_094_819_87, rows, 0)))
    assert [row.amount_fen for row in rows_of(contents)] == [fen for _, fen, _ in rows]


def test_a_payment_is_known_by_its_reference_alone(tmp_path, way):
    """ZD and 16 digits of ASCII, whatever blanks stand around it."""
    written = ["ZD0000000000000042", " ZD0000000000000042\n", "ZD42", "zd0000000000000042", "ZD00000000000000421", "ZD000000000000004２"]
    rows = [(reference, 1_00, "DBIT") for reference in written]
    contents = read_bank_file(letter(tmp_path, statement(600, rows, 0)))
    assert [row.transaction_id for row in rows_of(contents)] == [42, 42, 0, 0, 0, 0]


def test_the_namespace_of_every_readable_message_has_its_schema():
    assert all(schema(name) for name in bank_files.READABLE) and NAMESPACE.endswith(":xsd:")
