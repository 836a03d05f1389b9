"""Files to and from the bank, by a shared folder and by a real SFTP server: each arrives once, whatever breaks."""

from pathlib import Path

import pytest

from zhida.blocks.payments.adapters import channels, sftp
from zhida.blocks.payments.adapters.channels import FileDrop, channel_from, send_all
from zhida.blocks.payments.adapters.sftp import SftpFolder
from zhida.blocks.payments.errors import BankSettingInvalid, BankUnreachable
from zhida.blocks.payments.tests import sshd
from zhida.blocks.payments.tests.bank_letters import letter

TEXT = "<x>杭州</x>" * 20_000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with sshd.running(tmp_path_factory.mktemp("bank")) as running:
        yield running


@pytest.fixture(params=["drop", "sftp"])
def way(request, tmp_path):
    """Return a channel and the bank's folders at its other end, which are empty."""
    if request.param == "drop":
        return channel_from(f"drop:{tmp_path / 'bank'}"), tmp_path / "bank"
    running = request.getfixturevalue("server")
    for path in (running.home / "bank").glob("*/*"):
        path.unlink()
    return running.channel(), running.home / "bank"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_sent_arrives_whole(way, tmp_path):
    channel, bank = way
    for name in ("2.xml", "1.xml"):
        letter(tmp_path / "out", TEXT + name, name)
    assert [path.name for path in send_all(channel, tmp_path / "out", tmp_path / "sent")] == ["1.xml", "2.xml"]
    assert names(bank / "out") == ["1.xml", "2.xml"] and (bank / "out" / "2.xml").read_text() == TEXT + "2.xml"
    assert names(tmp_path / "out") == [] and names(tmp_path / "sent") == ["1.xml", "2.xml"]
    assert send_all(channel, tmp_path / "out", tmp_path / "sent") == []


def test_what_is_fetched_goes_to_the_archive(way, tmp_path):
    channel, bank = way
    channel.fetch(tmp_path / "in")
    for name in ("2.xml", "1.xml", "3.xml.part", ".hidden.xml", "report.txt"):
        letter(bank / "in", TEXT + name, name)
    (bank / "in" / "folder.xml").mkdir()
    assert [path.name for path in channel.fetch(tmp_path / "in")] == ["1.xml", "2.xml", "report.txt.xml"]
    assert names(bank / "in") == [".hidden.xml", "3.xml.part", "folder.xml"]
    assert names(bank / "archive") == ["1.xml", "2.xml", "report.txt"] and (tmp_path / "in" / "2.xml").read_text() == TEXT + "2.xml"
    assert channel.fetch(tmp_path / "in") == []
    (bank / "in" / "folder.xml").rmdir()


def test_a_name_that_the_bank_uses_every_day_replaces_nothing(way, tmp_path):
    channel, bank = way
    channel.fetch(tmp_path / "in")
    for day in ("monday", "tuesday", "tuesday", "tuesday"):
        letter(bank / "in", day, "daily.xml")
        channel.fetch(tmp_path / "in")
    assert sorted(path.read_text() for path in (tmp_path / "in").iterdir()) == ["monday", "tuesday"]
    assert sorted(path.read_text() for path in (bank / "archive").iterdir()) == ["monday", "tuesday", "tuesday", "tuesday"]


def test_a_file_that_the_bank_still_writes_is_left_for_the_next_time(way, tmp_path, monkeypatch):
    channel, bank = way
    channel.fetch(tmp_path / "in")
    letter(bank / "in", "begun", "late.xml")
    ends = {FileDrop: channels._Folders, SftpFolder: sftp._Server}[type(channel)]
    get = ends.get

    def get_while_writing(self, there, path):
        get(self, there, path)
        with (bank / "in" / "late.xml").open("a") as handle:
            handle.write(" and finished")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(ends, "get", get_while_writing)
        assert channel.fetch(tmp_path / "in") == []
    assert names(tmp_path / "in") == [] and names(bank / "archive") == []
    (fetched,) = channel.fetch(tmp_path / "in")
    assert fetched.read_text() == "begun and finished"


def test_a_server_whose_key_is_not_known_is_not_the_bank(server, tmp_path):
    nobody, another = tmp_path / "nobody", tmp_path / "another"
    nobody.write_text("")
    another.write_text(f"[127.0.0.1]:{server.port} {(server.home / 'other_key.pub').read_text()}")
    path = letter(tmp_path, TEXT)
    for known_hosts in (nobody, another, tmp_path / "missing"):
        with pytest.raises(BankUnreachable):
            server.channel(known_hosts=known_hosts).send(path)
    with pytest.raises(BankUnreachable):
        server.channel(key=server.home / "other_key").send(path)
    assert "letter.xml" not in names(server.home / "bank" / "out")


def cuts(total, moment):
    """Return when to cut a wire: after some bytes of what passes in all, and at the moment after which only an answer is missing."""
    after = [0, total // 2, total - 300, total - 100, 10**9]
    return [*((lambda passed, limit=limit: passed > limit) for limit in after), lambda _: moment.exists()]


def test_a_wire_cut_anywhere_loses_and_doubles_nothing_sent(server, tmp_path):
    """The bank empties its folder at once, so that a file sent twice would be there twice."""
    bank, folders = server.home / "bank" / "out", (tmp_path / "out", tmp_path / "sent")
    with sshd.Wire(server.port, lambda _: False) as wire:
        letter(tmp_path / "out", TEXT, "probe.xml")
        send_all(server.channel(wire.port), *folders)
    (bank / "probe.xml").unlink()
    broken = []
    for number, is_cut in enumerate(cuts(wire.passed, bank / "5.xml")):
        name = f"{number}.xml"
        letter(tmp_path / "out", TEXT + name, name)
        with sshd.Wire(server.port, is_cut) as cut:
            broken.append(_is_broken(lambda port=cut.port: send_all(server.channel(port), *folders)))
        taken = _taken(bank)
        send_all(server.channel(), *folders)
        assert taken + _taken(bank) == [(name, TEXT + name)]
    assert broken[:2] == [True] * 2 and broken[-2:] == [False, True]


def test_a_wire_cut_anywhere_loses_nothing_fetched(server, tmp_path):
    bank = server.home / "bank"
    with sshd.Wire(server.port, lambda _: False) as wire:
        letter(bank / "in", TEXT, "probe.xml")
        server.channel(wire.port).fetch(tmp_path / "probe")
    broken = []
    for number, is_cut in enumerate(cuts(wire.passed, bank / "archive" / "5.xml")):
        name, into = f"{number}.xml", tmp_path / str(number)
        letter(bank / "in", TEXT + name, name)
        with sshd.Wire(server.port, is_cut) as cut:
            broken.append(_is_broken(lambda port=cut.port, into=into: server.channel(port).fetch(into)))
        server.channel().fetch(into)
        assert [path.read_text() for path in into.glob("*.xml")] == [TEXT + name]
        assert names(bank / "in") == [] and (bank / "archive" / name).read_text() == TEXT + name
    assert broken[:2] == [True] * 2 and broken[-2:] == [False, True]


def _is_broken(exchange):
    try:
        exchange()
    except BankUnreachable:
        return True
    return False


def _taken(folder):
    """Take out of the bank's folder what is whole, as the bank would."""
    found = [(path.name, path.read_text()) for path in folder.iterdir() if not path.name.endswith(".part")]
    for name, _ in found:
        (folder / name).unlink()
    return found


def test_settings_name_a_way_or_are_refused():
    assert channel_from("") is None
    assert channel_from("drop:/srv/bank") == FileDrop("out", "in", "archive", Path("/srv/bank"))
    environment = {"ZHIDA_BANK_KEY": "/etc/zhida/key", "ZHIDA_BANK_KNOWN_HOSTS": "/etc/zhida/known_hosts"}
    found = channel_from("sftp://zhida@sftp.bank.example:2222/to bank|//from|kept", environment)
    assert (found.host, found.port, found.user, found.out, found.into, found.archive) == (
        "sftp.bank.example", 2222, "zhida", "to bank", "//from", "kept",
    )  # fmt: skip
    assert (found.key, found.known_hosts) == (Path("/etc/zhida/key"), Path("/etc/zhida/known_hosts"))
    assert channel_from("sftp://zhida@bank/out|in").port == 22
    for wrong in ("drop:", "sftp://bank/out|in", "sftp://zhida@bank/out", "sftp://zhida@bank", "ftp://zhida@bank/out|in", "/srv/bank"):
        with pytest.raises(BankSettingInvalid):
            channel_from(wrong)
