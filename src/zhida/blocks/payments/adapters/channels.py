"""Ways to the bank: files go out and answers come in, each once, whatever breaks on the way. Knows folders, not payments.

A bank's end is three folders: one we send into, one we fetch from, and an archive for what we have fetched. Whoever writes a file
writes it under a name that ends with ``.part`` and renames it when it is whole; a ``.part`` of the other side is left alone.
"""

from __future__ import annotations

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import unquote, urlsplit

from zhida.blocks.payments.errors import BankSettingInvalid, BankUnreachable
from zhida.kernel.files import atomic_path, content_hash

PART = ".part"


class BankEnd(Protocol):
    """What a bank's folders must let us do; paths are theirs. Every method raises OSError where it cannot."""

    def sizes(self, folder: str) -> dict[str, tuple[int, int]]:
        """Return size and time of change of each plain file in a folder, by name."""

    def put(self, path: Path, there: str) -> None:
        """Write a file, over what a broken attempt may have left."""

    def get(self, there: str, path: Path) -> None:
        """Read a file."""

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, at one stroke. Raises: OSError where the new name is taken."""


@dataclass(frozen=True)
class Channel(ABC):
    """A way to the bank. ``out``, ``into`` and ``archive`` are folders of its end: for us to write, read and keep."""

    out: str
    into: str
    archive: str

    @abstractmethod
    def open(self) -> AbstractContextManager[BankEnd]:
        """Reach the bank's end. Raises: BankUnreachable, also where it is lost on the way."""

    def send(self, path: Path) -> None:
        """Send a file; sending it again, after whatever broke, changes nothing while the mark beside it is there.

        The mark is written when the whole file lies at the bank's end, under a name that the bank leaves alone. If neither that
        name nor the final one is there later, the bank has taken the file, though we never heard so.

        Raises: BankUnreachable.
        """
        mark = _mark_of(path)
        part, final = _join(self.out, path.name + PART), _join(self.out, path.name)
        with self.open() as end:
            hashed = content_hash(path)
            if not mark.exists() or mark.read_text(encoding="ascii") != hashed:
                end.put(path, part)
                with atomic_path(mark) as temporary:
                    temporary.write_text(hashed, encoding="ascii")
            there = end.sizes(self.out)
            if path.name + PART in there and path.name not in there:
                end.rename(part, final)

    def fetch(self, into: Path) -> list[Path]:
        """Fetch what the bank has written, in the order of names, and move each file into the archive when it is safe here.

        If the connection breaks between the two, the file is fetched again; it is the same file, and so changes nothing.

        Raises: BankUnreachable.
        """
        fetched = []
        into = Path(into)
        with self.open() as end:
            before = end.sizes(self.into)
            names = [name for name in sorted(before) if _is_whole_name(name)]
            for name in names:
                with atomic_path(into / (name + PART)) as temporary:
                    end.get(_join(self.into, name), temporary)
            after, taken = end.sizes(self.into), set(end.sizes(self.archive))
            for name in names:
                path = into / (name + PART)
                # A file that has changed meanwhile is still being written; next time it will be whole.
                if after.get(name) != before[name] or path.stat().st_size != before[name][0]:
                    path.unlink()
                    continue
                kept = _free_name(taken, name, content_hash(path))
                fetched.append(_named(path, into / name))
                end.rename(_join(self.into, name), _join(self.archive, kept))
                taken.add(kept)
        return fetched


def send_all(channel: Channel, out: Path, sent: Path) -> list[Path]:
    """Send every payment file of a folder, in the order of names, and move each to ``sent``; return where they lie now.

    Raises: BankUnreachable; what was sent until then is moved.
    """
    done = []
    sent.mkdir(parents=True, exist_ok=True)
    for path in sorted(out.glob("*.xml")):
        channel.send(path)
        done.append(path.replace(sent / path.name))
        _mark_of(path).unlink(missing_ok=True)
    return done


def channel_from(setting: str, environment: Mapping[str, str] = os.environ) -> Channel | None:
    """Return the way to the bank that ``ZHIDA_BANK`` names; None where it is empty.

    ``drop:<folder>``: folders ``out``, ``in`` and ``archive`` in it. ``sftp://user@host:port/out|in|archive``: folders of the bank's
    server, from the login folder on, or from the root on where one begins with a slash of its own; the archive is ``archive``
    where it is not named. Our key lies at ``ZHIDA_BANK_KEY``, the bank's at ``ZHIDA_BANK_KNOWN_HOSTS``.

    Raises: BankSettingInvalid.
    """
    if not setting:
        return None
    if setting.startswith("drop:") and len(setting) > len("drop:"):
        return FileDrop("out", "in", "archive", Path(setting.removeprefix("drop:")))
    parts = urlsplit(setting)
    folders = unquote(parts.path[1:]).split("|")
    if parts.scheme != "sftp" or not parts.hostname or not parts.username or len(folders) not in (2, 3) or not all(folders):
        raise BankSettingInvalid()
    # Only an installation that uses SFTP loads its library.
    from zhida.blocks.payments.adapters.sftp import SftpFolder

    ssh = Path.home() / ".ssh"
    return SftpFolder(
        folders[0],
        folders[1],
        folders[2] if len(folders) == 3 else "archive",
        host=parts.hostname,
        port=parts.port or 22,
        user=unquote(parts.username),
        key=Path(environment.get("ZHIDA_BANK_KEY") or ssh / "id_ed25519"),
        known_hosts=Path(environment.get("ZHIDA_BANK_KNOWN_HOSTS") or ssh / "known_hosts"),
    )


@dataclass(frozen=True)
class FileDrop(Channel):
    """A folder that the bank's own client, or a person with a token, empties and fills."""

    root: Path

    @contextmanager
    def open(self) -> Iterator[BankEnd]:
        try:
            for folder in (self.out, self.into, self.archive):
                (self.root / folder).mkdir(parents=True, exist_ok=True)
            yield _Folders(self.root)
        except OSError as error:
            raise BankUnreachable(self.root.name, type(error).__name__) from error


@dataclass(frozen=True)
class _Folders:
    root: Path

    def sizes(self, folder: str) -> dict[str, tuple[int, int]]:
        found = {entry.name: entry.stat(follow_symlinks=False) for entry in os.scandir(self.root / folder)}
        return {name: (its.st_size, its.st_mtime_ns) for name, its in found.items() if stat.S_ISREG(its.st_mode)}

    def put(self, path: Path, there: str) -> None:
        with atomic_path(self.root / there) as temporary:
            temporary.write_bytes(path.read_bytes())

    def get(self, there: str, path: Path) -> None:
        path.write_bytes((self.root / there).read_bytes())

    def rename(self, old: str, new: str) -> None:
        if (self.root / new).exists():
            raise FileExistsError(new)
        (self.root / old).rename(self.root / new)


def _is_whole_name(name: str) -> bool:
    """Say whether a name is one of a whole file, and a name only: a server could say ``../../etc/passwd``."""
    return not name.endswith(PART) and not name.startswith(".") and PurePosixPath(name).name == name


def _free_name(taken: set[str], name: str, hashed: str) -> str:
    """Return a name that the archive does not have yet: a bank may use one name every day."""
    candidates = [name, f"{hashed[:12]}.{name}", *(f"{number}.{hashed[:12]}.{name}" for number in range(len(taken)))]
    return next(free for free in candidates if free not in taken)


def _named(path: Path, wanted: Path) -> Path:
    """Give a fetched file its name, ending with ``.xml`` as all that is taken in; another file of that name is not replaced."""
    if wanted.suffix.lower() != ".xml":
        wanted = wanted.with_name(f"{wanted.name}.xml")
    if wanted.exists() and content_hash(wanted) != content_hash(path):
        wanted = wanted.with_name(f"{wanted.stem}.{content_hash(path)[:12]}.xml")
    return path.replace(wanted)


def _mark_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.sent")


def _join(folder: str, name: str) -> str:
    return str(PurePosixPath(folder) / name)
