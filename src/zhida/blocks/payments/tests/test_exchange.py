"""A night with the bank: the file goes out, the answers come in, once."""

import shutil

import pytest

from zhida.blocks.payments import api
from zhida.blocks.payments.adapters import demo_bank
from zhida.blocks.payments.testing import MAKER, decision

pytestmark = pytest.mark.django_db


def test_what_is_released_goes_out_and_what_the_bank_answers_comes_in_once(desk, tmp_path):
    desk.budget()
    batch, _ = desk.send([decision(number, 100_00) for number in (1, 2, 3)])
    bank = tmp_path / "bank"
    channel = api.channel_from(f"drop:{bank}")
    first = api.exchange(MAKER, channel)
    assert [path.name for path in first.sent] == [batch.file_name] and first.files == []
    (taken,) = (bank / "out").glob("*.xml")
    for answer in demo_bank.answer(taken, tmp_path / "answers"):
        shutil.copy(answer, bank / "in")
    (bank / "in" / "half.xml").write_text("<Document")
    second = api.exchange(MAKER, channel)
    assert second.sent == [] and sum(file.applied for file in second.files) >= 3
    assert [error.text.en.startswith("Bank file half.xml was not imported") for error in second.problems] == [True]
    third = api.exchange(MAKER, channel)
    assert (third.sent, third.files, len(third.problems)) == ([], [], 1)
    assert api.settle(MAKER, batch.pk).state == "settled"


def test_without_a_bank_there_is_no_channel(desk):
    assert api.channel_from("") is None
