"""The bank's SFTP server as a way to the bank: its host key must be known, and we show ours."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import paramiko

from zhida.blocks.payments.adapters.channels import BankEnd, Channel
from zhida.blocks.payments.errors import BankUnreachable

# Seconds without a byte after which a connection counts as lost.
PATIENCE = 60.0


@dataclass(frozen=True)
class SftpFolder(Channel):
    """Folders of an SFTP server."""

    host: str
    port: int
    user: str
    key: Path
    known_hosts: Path

    @contextmanager
    def open(self) -> Iterator[BankEnd]:
        client = paramiko.SSHClient()
        try:
            client.load_host_keys(str(self.known_hosts))
            # A server whose key is not known, or is not the one we know, is not the bank.
            client.set_missing_host_key_policy(paramiko.RejectPolicy())
            client.connect(
                self.host, self.port, self.user, key_filename=str(self.key), allow_agent=False, look_for_keys=False,
                timeout=PATIENCE, banner_timeout=PATIENCE, auth_timeout=PATIENCE,
            )  # fmt: skip
            sftp = client.open_sftp()
            sftp.get_channel().settimeout(PATIENCE)
            yield _Server(sftp)
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise BankUnreachable(f"{self.host}:{self.port}", type(error).__name__) from error
        finally:
            client.close()


@dataclass(frozen=True)
class _Server:
    sftp: paramiko.SFTPClient

    def sizes(self, folder: str) -> dict[str, tuple[int, int]]:
        found = self.sftp.listdir_attr(folder)
        return {its.filename: (its.st_size or 0, its.st_mtime or 0) for its in found if stat.S_ISREG(its.st_mode or 0)}

    def put(self, path: Path, there: str) -> None:
        # Reads the size back and raises where it is not ours.
        self.sftp.put(str(path), there, confirm=True)

    def get(self, there: str, path: Path) -> None:
        self.sftp.get(there, str(path))

    def rename(self, old: str, new: str) -> None:
        # The plain request, unlike posix_rename, fails where the name is taken.
        self.sftp.rename(old, new)
