"""Every malformed bank file of a generated corpus: one sentence in both languages, and nothing imported, not even in part."""

import pytest
from django.apps import apps
from lxml import etree

from zhida.blocks.payments import api
from zhida.blocks.payments.adapters import bank_files, xml_lines
from zhida.blocks.payments.adapters.bank_files import read_bank_file
from zhida.blocks.payments.adapters.iso20022 import schema
from zhida.blocks.payments.testing import MAKER, decision
from zhida.blocks.payments.tests.bank_corpus import VALID, corpus
from zhida.blocks.payments.tests.bank_letters import letter


def rows_in_all_tables():
    return {model._meta.db_table: model.objects.count() for model in apps.get_app_config("payments").get_models()}


def refusal(read, path):
    """Return the sentence with which a file is refused; None where it is not."""
    try:
        read(path)
    except api.BankFileUnreadable as error:
        return error
    return None


def sentences_are_whole(error):
    zh, en = error.text.zh, error.text.en
    detail = en.removeprefix("Bank file letter.xml was not imported, not even in part: ").removesuffix(". Ask the bank for a correct file.")
    return 3 < len(detail) < 200 and len(zh) > 25 and "\n" not in zh + en and "root:" not in en and "没有导入任何内容" in zh


def test_every_message_has_a_corpus_of_different_files():
    assert tuple(sorted(VALID)) == tuple(sorted(bank_files.READABLE))
    for name, text in VALID.items():
        schema(name).assertValid(etree.fromstring(text.encode()))
        files = dict(corpus(name))
        assert len(files) >= 150 and len(set(files.values())) >= len(files) - 8, name
    assert sum(len(list(corpus(name))) for name in VALID) >= 300


@pytest.mark.django_db
@pytest.mark.parametrize("message_name", bank_files.READABLE)
def test_no_malformed_file_is_imported_not_even_in_part(desk, message_name):
    desk.budget()
    desk.send([decision(number, 100_00) for number in (1, 2)])
    before = rows_in_all_tables()
    taken = []
    for name, text in corpus(message_name):
        error = refusal(lambda path: api.import_bank_file(MAKER, path), letter(desk.home, text))
        if error is None or not sentences_are_whole(error):
            taken.append((name, error and error.text.en))
    assert taken == []
    assert rows_in_all_tables() == before
    assert {row.key[0]: row.count for row in api.totals_by("state") if row.count} == {"instructed": 2}


@pytest.mark.parametrize("message_name", bank_files.READABLE)
def test_none_is_read_block_by_block_either(tmp_path, monkeypatch, message_name):
    monkeypatch.setattr(xml_lines, "BYTES_AT_ONCE", 0)
    monkeypatch.setattr(xml_lines, "BYTES_PER_READ", 777)
    whole = [
        name
        for name, text in corpus(message_name)
        if len(text) < 200_000 and not refusal(lambda path: list(read_bank_file(path).batches()), letter(tmp_path, text))
    ]
    assert whole == []


@pytest.mark.django_db
@pytest.mark.parametrize("message_name", bank_files.READABLE)
def test_the_valid_files_they_were_made_of_are_imported(desk, message_name):
    desk.budget()
    desk.send([decision(number, 100_00) for number in (1, 2)])
    assert api.import_bank_file(MAKER, letter(desk.home, VALID[message_name])).rows == 2
