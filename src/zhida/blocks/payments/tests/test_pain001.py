"""pain.001 written by columns: byte for byte what writing row by row gives, in files that a bank takes."""

from datetime import date
from random import Random
from xml.sax.saxutils import escape

import pyarrow as pa
import pytest
from lxml import etree

from zhida.blocks.payments.adapters import pain001
from zhida.blocks.payments.adapters.iso20022 import PAYMENT_SCHEMA, Debtor, payment_info_id, schema
from zhida.blocks.payments.adapters.pain001 import pain001_parts, write_pain001
from zhida.blocks.payments.rules import batch_of_message
from zhida.kernel.money import parse_yuan, plain_yuan

DAY = date(2025, 11, 5)
NAMES = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
LONG = "a_benefit_with_a_name_that_is_longer_than_the_bank_takes"


def one_payment(number, benefit, period_key, payee_key, amount_fen, account_no, bank_code):
    """Write one payment in plain Python."""
    kind = "OrgId" if payee_key.startswith("org:") else "PrvtId"
    return (
        f"<CdtTrfTxInf><PmtId><EndToEndId>ZD{number:016d}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="CNY">{amount_fen // 100}.{amount_fen % 100:02d}</InstdAmt></Amt>'
        f"<CdtrAgt><FinInstnId><ClrSysMmbId><MmbId>{escape(bank_code)}</MmbId></ClrSysMmbId></FinInstnId></CdtrAgt>"
        f"<Cdtr><Id><{kind}><Othr><Id>{escape(payee_key)}</Id></Othr></{kind}></Id></Cdtr>"
        f"<CdtrAcct><Id><Othr><Id>{escape(account_no)}</Id></Othr></Id></CdtrAcct>"
        f"<RmtInf><Ustrd>{escape(benefit)} {escape(period_key)}</Ustrd></RmtInf></CdtTrfTxInf>\n"
    )


def some_payments(count, seed=1, benefits=(LONG, "dibao", "old_age")):
    dice = Random(seed)
    rows = [
        (
            number + (10**15 if number > count // 2 else 0),
            benefits[number * len(benefits) // (count + 1)],
            dice.choice(("2025-10", "once:<&>", "2025-10 补发")),
            dice.choice((f"person:{number}", "org:<91330100>", "a&b")),
            dice.choice((1, 99, 100, 12345, 10**15)),
            dice.choice(("6217000012345678", "<acct>", "33&01")),
            "102331000016",
        )
        for number in range(1, count + 1)
    ]
    return rows


def batches(rows, size=7):
    table = pa.table(
        [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), PAYMENT_SCHEMA.types, strict=True)], PAYMENT_SCHEMA
    )
    return iter(table.to_batches(max_chunksize=size))


def payments_in(path):
    return [line for line in path.read_text().splitlines(keepends=True) if line.startswith("<CdtTrfTxInf>")]


@pytest.mark.parametrize("seed", range(5))
def test_a_file_is_byte_for_byte_what_rows_give(tmp_path, seed):
    rows = some_payments(200, seed)
    table = pa.Table.from_batches(batches(rows))
    write_pain001(tmp_path / "x.xml", "ZHIDA-00000007", table, DAY)
    assert payments_in(tmp_path / "x.xml") == [one_payment(*row) for row in rows]
    schema("pain.001.001.09").assertValid(etree.parse(str(tmp_path / "x.xml")))


def test_a_whole_file_reads_as_it_always_did(tmp_path):
    rows = [(42, "dibao", "2025-10", "person:7", 744_20, "6217000012345678", "102331000016")]
    write_pain001(tmp_path / "x.xml", "ZHIDA-00000007", pa.Table.from_batches(batches(rows)), DAY, Debtor("甲<乙", "33&", "0113"))
    head, *rest = (tmp_path / "x.xml").read_text().split("<CreDtTm>")
    assert head == (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMES["p"]}">\n<CstmrCdtTrfInitn>\n'
        "<GrpHdr><MsgId>ZHIDA-00000007</MsgId>"
    )
    assert rest[0].split("</CreDtTm>")[1] == (
        "<NbOfTxs>1</NbOfTxs><CtrlSum>744.20</CtrlSum><InitgPty><Nm>Zhida</Nm></InitgPty></GrpHdr>\n"
        "<PmtInf><PmtInfId>ZHIDA-00000007-dibao</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>1</NbOfTxs><CtrlSum>744.20</CtrlSum>"
        "<PmtTpInf><CtgyPurp><Cd>SSBE</Cd></CtgyPurp></PmtTpInf><ReqdExctnDt><Dt>2025-11-05</Dt></ReqdExctnDt>"
        "<Dbtr><Nm>甲&lt;乙</Nm></Dbtr><DbtrAcct><Id><Othr><Id>33&amp;</Id></Othr></Id></DbtrAcct>"
        "<DbtrAgt><FinInstnId><ClrSysMmbId><MmbId>0113</MmbId></ClrSysMmbId></FinInstnId></DbtrAgt>\n"
        + one_payment(*rows[0])
        + "</PmtInf>\n</CstmrCdtTrfInitn>\n</Document>\n"
    )


@pytest.mark.parametrize("limit", [10, 33, 100])
def test_a_batch_is_several_valid_files(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(pain001, "PAYMENTS_PER_FILE", limit)
    rows, out = some_payments(100), tmp_path / "out"
    parts = pain001_parts(out, "ZHIDA-00000007", batches(rows), DAY)
    assert [part.count for part in parts] == [min(limit, 100 - first) for first in range(0, 100, limit)]
    assert [part.name for part in parts] == sorted(path.name for path in out.iterdir())
    if len(parts) > 1:
        assert parts[0].name == "ZHIDA-00000007-001.pain.001.xml"
    assert [line for part in parts for line in payments_in(out / part.name)] == [one_payment(*row) for row in rows]
    for number, part in enumerate(parts):
        check_sums(out / part.name, part, rows[number * limit : (number + 1) * limit])
        assert batch_of_message(part.message_id) == 7


def check_sums(path, part, rows):
    """A file says how many payments it holds and of how much, for itself and for each benefit."""
    tree = etree.parse(str(path))
    schema("pain.001.001.09").assertValid(tree)
    fen = sum(row[4] for row in rows)
    assert (part.first_id, part.last_id, part.count, part.amount_fen) == (rows[0][0], rows[-1][0], len(rows), fen)
    assert tree.findtext(".//p:GrpHdr/p:MsgId", namespaces=NAMES) == part.message_id
    assert tree.findtext(".//p:GrpHdr/p:CtrlSum", namespaces=NAMES) == plain_yuan(fen)
    assert tree.findtext(".//p:GrpHdr/p:NbOfTxs", namespaces=NAMES) == str(len(rows))
    for group in tree.iterfind(".//p:PmtInf", NAMES):
        amounts = [parse_yuan(element.text) for element in group.iterfind(".//p:InstdAmt", NAMES)]
        assert group.findtext("p:CtrlSum", namespaces=NAMES) == plain_yuan(sum(amounts))
        assert group.findtext("p:NbOfTxs", namespaces=NAMES) == str(len(amounts))


def test_a_benefit_is_one_group_in_whatever_order_payments_come(tmp_path):
    rows = some_payments(60)
    Random(3).shuffle(rows)
    (part,) = pain001_parts(tmp_path, "ZHIDA-00000007", batches(rows), DAY)
    assert part.name == "ZHIDA-00000007.pain.001.xml"
    ordered = sorted(rows, key=lambda row: (row[1], row[0]))
    assert payments_in(tmp_path / part.name) == [one_payment(*row) for row in ordered]
    check_sums(tmp_path / part.name, part, sorted(rows))


def test_nothing_to_pay_is_no_file(tmp_path):
    assert pain001_parts(tmp_path / "out", "ZHIDA-00000007", iter([]), DAY) == [] and not (tmp_path / "out").exists()


def test_the_names_of_groups_stay_short_and_apart():
    names = {payment_info_id(message, LONG + end) for message in ("ZHIDA-00000007", "ZHIDA-00000007-001") for end in ("", "_2")}
    assert len(names) == 4 and all(len(name) <= 35 for name in names)
