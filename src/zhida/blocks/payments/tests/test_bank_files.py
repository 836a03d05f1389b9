"""What the bank writes: valid files move money once, wrong ones nothing, and no row is lost."""

import pytest
from lxml import etree

from zhida.blocks.payments import api
from zhida.blocks.payments.adapters import demo_bank, iso20022
from zhida.blocks.payments.models import BankFile, LedgerEntry
from zhida.blocks.payments.testing import MAKER, decision
from zhida.blocks.payments.tests.bank_letters import letter, notification, statement, status_report
from zhida.kernel import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(desk):
    """Three payments of 100, 200 and 300 yuan that were sent; their references are ``sent.references``."""
    desk.budget()
    desk.batch, desk.out = desk.send([decision(number, number * 100_00) for number in (1, 2, 3)])
    desk.rows = api.transactions(MAKER, None, desk.batch.pk)
    desk.references = [row.end_to_end_id for row in desk.rows]
    return desk


def take_in(desk, text, name="letter.xml"):
    return api.import_bank_file(MAKER, letter(desk.home, text, name))


def states(desk):
    return [row.state for row in api.transactions(MAKER, None, desk.batch.pk)]


def problems(bank_file):
    return [(row.problem, row.reference) for row in api.bank_file_problems(MAKER, bank_file.pk)]


def in_transit():
    return sum(row.balance_fen for row in api.trial_balance() if row.kind == "in_transit")


def test_every_file_is_valid_by_its_official_schema(desk):
    desk.budget()
    desk.budget("a_benefit_with_a_name_that_is_longer_than_the_bank_takes")
    rows = [decision(n, n) for n in range(1, 1501)]
    rows += [decision(1, 5_00, "a_benefit_with_a_name_that_is_longer_than_the_bank_takes", "once:<&>")]
    _, out = desk.send(rows)
    answers = demo_bank.answer(out, desk.home / "bank" / "in")
    assert len(answers) == 3
    for path, name in zip([out, *answers], ["pain.001.001.09", "pain.002.001.12", "camt.054.001.08", "camt.054.001.08"], strict=True):
        iso20022.schema(name).assertValid(etree.parse(str(path)))
    assert demo_bank.answer(out, desk.home / "again")[0].read_bytes() == answers[0].read_bytes()


def test_the_file_says_what_the_batch_holds(sent):
    root = etree.parse(str(sent.out)).getroot()
    names = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
    assert root.findtext(".//p:GrpHdr/p:NbOfTxs", namespaces=names) == "3"
    assert root.findtext(".//p:GrpHdr/p:CtrlSum", namespaces=names) == "600.00"
    assert [e.text for e in root.iterfind(".//p:EndToEndId", names)] == sent.references
    assert [e.text for e in root.iterfind(".//p:InstdAmt", names)] == ["100.00", "200.00", "300.00"]


@pytest.mark.parametrize("version", ["03", "12"])
def test_a_status_report_accepts_and_rejects(sent, version):
    one, two, _ = sent.references
    message = sent.batch.message_id
    done = take_in(sent, status_report([(one, "ACSP", ""), (two, "RJCT", "AC04")], message, "PART", version))
    assert states(sent) == ["accepted", "rejected", "accepted"]
    assert (done.rows, done.applied, done.problem_count) == (2, 3, 0)
    assert in_transit() == 400_00 and api.budgets(MAKER)[0].committed_fen == 400_00


def test_a_message_rejected_as_a_whole_gives_all_money_back(sent):
    take_in(sent, status_report([], sent.batch.message_id, "RJCT"))
    assert states(sent) == ["rejected"] * 3 and in_transit() == 0
    assert api.settle(MAKER, sent.batch.pk).state == "settled"


def test_a_notification_pays_and_a_later_one_returns(sent):
    rows = [(row.end_to_end_id, row.amount_fen) for row in sent.rows]
    take_in(sent, notification(rows))
    take_in(sent, notification(rows[:1], "CRDT", reason="AC04", message_id="B-2"), "return.xml")
    assert states(sent) == ["returned", "paid", "paid"]
    assert {entry.booked_on.isoformat() for entry in LedgerEntry.objects.filter(kind="paid")} == {"2025-11-06"}
    assert {entry.booked_on for entry in LedgerEntry.objects.filter(kind="released")} == {clock.today()}
    assert {row.kind: row.balance_fen for row in api.trial_balance() if row.kind != "treasury"} == {
        "budget": 10_000_000_00 - 500_00, "in_transit": 0, "paid_out": 500_00,
    }  # fmt: skip


def test_the_same_file_twice_changes_nothing(sent):
    rows = [(row.end_to_end_id, row.amount_fen) for row in sent.rows]
    first = take_in(sent, notification(rows))
    postings = LedgerEntry.objects.count()
    again = take_in(sent, notification(rows), "sent_again_under_another_name.xml")
    assert again == first and LedgerEntry.objects.count() == postings
    other = take_in(sent, notification(rows, message_id="B-2"))
    assert (other.applied, other.repeated, other.problem_count) == (0, 3, 0)
    assert LedgerEntry.objects.count() == postings


def test_what_the_statement_says_again_changes_nothing(sent):
    rows = [(row.end_to_end_id, row.amount_fen) for row in sent.rows]
    take_in(sent, notification(rows))
    postings = LedgerEntry.objects.count()
    again = take_in(sent, statement(1_000_00, [(*row, "DBIT") for row in rows], 400_00), "statement.xml")
    assert (again.rows, again.applied, again.repeated, again.problem_count) == (3, 0, 3, 0)
    assert LedgerEntry.objects.count() == postings and states(sent) == ["paid"] * 3


def test_a_statement_alone_pays_and_one_that_does_not_add_up_does_not(sent):
    rows = [(row.end_to_end_id, row.amount_fen, "DBIT") for row in sent.rows]
    with pytest.raises(api.BankFileUnreadable, match="a statement opens with"):
        take_in(sent, statement(1_000_00, rows, 400_01))
    assert states(sent) == ["instructed"] * 3
    assert take_in(sent, statement(1_000_00, rows, 400_00)).applied == 3 and states(sent) == ["paid"] * 3


def test_news_in_the_wrong_order_comes_out_right(sent):
    rows = [(row.end_to_end_id, row.amount_fen) for row in sent.rows]
    take_in(sent, notification(rows[:2]))
    late = take_in(sent, status_report([(rows[0][0], "ACSP", "")], sent.batch.message_id, "ACCP"))
    assert states(sent) == ["paid", "paid", "accepted"] and late.problem_count == 0


def test_what_cannot_be_applied_is_kept_with_its_reason(sent):
    one, two, _ = sent.references
    text = notification([("PAYROLL-7", 5_00), ("ZD0000000000999999", 5_00), (one, 100_01), (two, 200_00), (two, 200_00)])
    bank_file = take_in(sent, text)
    assert problems(bank_file) == [
        ("unknown_reference", "PAYROLL-7"), ("unknown_reference", "ZD0000000000999999"), ("wrong_amount", one), ("doubled", two),
    ]  # fmt: skip
    assert states(sent) == ["instructed", "paid", "instructed"]
    assert (bank_file.rows, bank_file.applied, bank_file.repeated, bank_file.problem_count) == (5, 1, 0, 4)
    assert bank_file.rows == bank_file.applied + bank_file.repeated + bank_file.problem_count


def test_a_reversal_of_what_was_never_paid_is_a_problem(sent):
    bank_file = take_in(sent, notification([(sent.references[0], 100_00)], "CRDT", reason="AC04"))
    assert problems(bank_file) == [("contradicts", sent.references[0])] and states(sent) == ["instructed"] * 3


def test_paid_after_rejected_is_a_problem(sent):
    one = sent.references[0]
    take_in(sent, status_report([(one, "RJCT", "AC01")], sent.batch.message_id), "no.xml")
    bank_file = take_in(sent, notification([(one, 100_00)]))
    assert problems(bank_file) == [("contradicts", one)] and states(sent)[0] == "rejected"


def test_a_payment_that_never_left_is_a_problem(desk):
    desk.budget()
    batch = desk.prepare([decision(1, 100_00)])
    (row,) = api.transactions(MAKER, None, batch.pk)
    bank_file = take_in(desk, notification([(row.end_to_end_id, 100_00)]))
    assert problems(bank_file) == [("not_released", row.end_to_end_id)]


def test_entries_we_do_not_understand_are_problems(sent):
    one = sent.references[0]
    for number, text in enumerate([
        notification([(one, 100_00)], "CRDT"),
        notification([(one, 100_00)], currency="USD"),
        notification([(one, 100_00)], status="PDNG"),
        notification([], sum_fen=7_00),
        status_report([], "ZHIDA-99999999", "RJCT"),
        status_report([(one, "XXXX", "")], sent.batch.message_id),
    ]):  # fmt: skip
        bank_file = take_in(sent, text, f"{number}.xml")
        assert bank_file.problem_count == 1, text
    assert states(sent) == ["instructed"] * 3
    found = [row.problem for row in api.bank_file_problems(MAKER)]
    assert found == ["unknown_event", "wrong_currency", "unknown_event", "unknown_event", "unknown_message", "unknown_event"]
    assert set(found) <= set(api.PROBLEMS)


GOOD = notification([("ZD0000000000000001", 100_00)])
BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + GOOD.split("?>", 1)[
    1
].replace("<Id>N-1</Id>", "<Id>&b;</Id>")
THIEF = BOMB.replace('<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">', '<!ENTITY b SYSTEM "file:///etc/passwd">')
MALFORMED = {
    "empty": "",
    "not xml": "END OF DAY REPORT",
    "cut": GOOD[: len(GOOD) // 2],
    "cut at the end": GOOD[:-10],
    "doubled": GOOD + GOOD,
    "wrong encoding": GOOD.replace("N-1", "杭州").encode("gb18030"),
    "binary": bytes(range(256)) * 8,
    "another message": GOOD.replace("camt.054.001.08", "camt.053.001.08"),
    "another version": GOOD.replace("camt.054.001.08", "camt.054.001.02"),
    "our own file": GOOD.replace("camt.054.001.08", "pain.001.001.09"),
    "no namespace": GOOD.replace(' xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"', ""),
    "wrong sum": notification([("ZD0000000000000001", 100_00)], sum_fen=100_01),
    "not valid": GOOD.replace("<CdtDbtInd>DBIT</CdtDbtInd>", "<CdtDbtInd>PAID</CdtDbtInd>"),
    "missing head": GOOD.replace("<GrpHdr><MsgId>B-1</MsgId><CreDtTm>2025-11-06T20:00:00</CreDtTm></GrpHdr>", ""),
    "negative amount": GOOD.replace("100.00", "-100.00"),
    "not an amount": GOOD.replace("100.00", "a hundred"),
    "tenth of a fen": GOOD.replace("100.00", "100.001"),
    "impossible date": GOOD.replace("<Dt>2025-11-06</Dt>", "<Dt>2025-02-30</Dt>"),
    "entity bomb": BOMB,
    "reads other files": THIEF,
    "too deep": GOOD.replace("<NtryDtls>", "<NtryDtls>" + "<a>" * 5000),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_file_is_one_sentence_and_nothing_is_imported(desk, kind):
    with pytest.raises(api.BankFileUnreadable, match=r"was not imported, not even in part: .+\. Ask the bank") as caught:
        take_in(desk, MALFORMED[kind])
    assert "\n" not in str(caught.value) and "root:" not in str(caught.value)
    assert BankFile.objects.count() == 0 and LedgerEntry.objects.exclude(kind__in=["budget", "released"]).count() == 0


def test_a_malformed_end_undoes_a_good_beginning(sent):
    rows = [(row.end_to_end_id, row.amount_fen) for row in sent.rows]
    with pytest.raises(api.BankFileUnreadable):
        take_in(sent, notification(rows).replace("</Ntfctn>", "</Ntfctn><Oops/>"))
    assert states(sent) == ["instructed"] * 3 and in_transit() == 600_00


def test_a_folder_is_taken_in_file_by_file(sent):
    inbox = sent.home / "bank" / "in"
    letter(inbox, "nonsense", "1.xml")
    letter(inbox, notification([(sent.references[0], 100_00)]), "2.xml")
    files, unreadable = api.import_folder(MAKER)
    assert len(files) == 1 and len(unreadable) == 1
    assert [path.name for path in inbox.iterdir()] == ["1.xml"], "what was not taken in stays for an officer"
