"""A real OpenSSH server on this machine for one test, and a wire before it that can be cut."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from zhida.blocks.payments.adapters.sftp import SftpFolder

SSHD = "/usr/sbin/sshd"


@dataclass
class Server:
    """A server with its folders and keys; ``channel`` is the way to it."""

    home: Path
    port: int

    def channel(self, port: int | None = None, **other: object) -> SftpFolder:
        bank = self.home / "bank"
        known = self.home / f"known_hosts.{port or self.port}"
        host_key = (self.home / "host_key.pub").read_text().split()[:2]
        known.write_text(f"[127.0.0.1]:{port or self.port} {' '.join(host_key)}\n")
        given = {
            "host": "127.0.0.1", "port": port or self.port, "user": getpass.getuser(), "key": self.home / "key", "known_hosts": known,
        }  # fmt: skip
        return SftpFolder(str(bank / "out"), str(bank / "in"), str(bank / "archive"), **(given | other))


@contextmanager
def running(home: Path) -> Iterator[Server]:
    """Start sshd with its own keys and settings, not as a daemon, and stop it."""
    for folder in ("out", "in", "archive"):
        (home / "bank" / folder).mkdir(parents=True)
    for name in ("host_key", "key", "other_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)], check=True)
    port = _free_port()
    (home / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {home}/host_key\nAuthorizedKeysFile {home}/key.pub\nStrictModes no\n"
        f"UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nPidFile none\n"
        f"MaxStartups 100\nSubsystem sftp internal-sftp\n"
    )
    if os.geteuid() == 0:
        # Where sshd, started as root, locks up its unprivileged part.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with (home / "sshd.log").open("wb") as log:
        process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(home / "sshd_config")], stderr=log)
        try:
            _wait_for(port, home / "sshd.log")
            yield Server(home, port)
        finally:
            process.terminate()
            process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, log: Path) -> None:
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


@dataclass
class Wire:
    """Passes bytes between a port of its own and a server's, until it is cut for good.

    ``is_cut`` is asked before each piece from the server is passed on, with the number of bytes that came from there.
    """

    to_port: int
    is_cut: Callable[[int], bool]
    passed: int = 0
    port: int = 0
    _sockets: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Wire:
        listening = socket.create_server(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        self._sockets.append(listening)
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._cut()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            near, _ = listening.accept()
            far = socket.create_connection(("127.0.0.1", self.to_port))
            self._sockets += [near, far]
            threading.Thread(target=self._pass, args=(near, far, False), daemon=True).start()
            self._pass(far, near, True)

    def _pass(self, source: socket.socket, to: socket.socket, is_counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(4096):
                if is_counted:
                    self.passed += len(data)
                    if self.is_cut(self.passed):
                        break
                to.sendall(data)
        self._cut()

    def _cut(self) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
