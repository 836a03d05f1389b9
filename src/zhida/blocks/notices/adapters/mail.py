"""E-mail: a letter as a message with plain text and simple HTML, handed to an SMTP server."""

from __future__ import annotations

import re
import smtplib
import ssl
from email.headerregistry import Address, HeaderRegistry, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, parseaddr
from html import escape
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from django.utils import timezone

from zhida.blocks.notices.adapters.letters import AddressRefused, ChannelDown, Letter, NotTaken, TryLater
from zhida.blocks.notices.errors import ChannelMisconfigured
from zhida.kernel.text import Text

# Longer for a server that looks an address up, shorter together than a delivery's lease.
_TIMEOUT_S = 30
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_MORE = Text("登录查看详情", "Sign in to see more")
_STOP = Text("不想再收到这一类邮件", "Stop messages of this kind")
_AUTOMATIC = Text("这是系统自动发送的通知，请不要回复。", "This notice was sent automatically. Please do not reply.")


class _OneLine(UniqueUnstructuredHeader):
    """An address in angle brackets longer than a line: folding would encode it, and no mail program reads it then."""

    def fold(self, *, policy: EmailPolicy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _OneLine)
_HEADERS.map_to_type("message-id", _OneLine)
POLICY = SMTP.clone(header_factory=_HEADERS)


class SmtpMail:
    """Sends through ``smtp(s)://user:password@host:port``. smtp turns to TLS by STARTTLS; only ``?starttls=no`` or loopback go without.

    One connection serves many letters; one that broke is opened again for the next.
    """

    def __init__(self, url: str, sender: str) -> None:
        self._url, self._sender = checked_url(url), checked_sender(sender)
        self._connection: smtplib.SMTP | None = None

    def send(self, letter: Letter) -> str:
        content = message(letter, self._sender).as_bytes()
        connection = self._connection or self._connect()
        try:
            return self._hand_over(connection, letter.address, content)
        except NotTaken:
            self._reset(connection)
            raise
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise TryLater("connection", type(error).__name__) from error

    def close(self) -> None:
        if self._connection is not None:
            try:
                self._connection.quit()
            except (smtplib.SMTPException, OSError):
                self._connection.close()
            self._connection = None

    def _hand_over(self, connection: smtplib.SMTP, address: str, content: bytes) -> str:
        code, reply = connection.mail(self._sender.addr_spec, [f"size={len(content)}"] if connection.has_extn("size") else [])
        if code >= 500:
            raise ChannelDown(f"邮件服务器拒绝我们的发信地址（{code}）。", f"The mail server refuses our sender address ({code}).")
        _expect(code, reply)
        _expect(*connection.rcpt(address), at_address=True)
        code, reply = connection.data(content)
        _expect(code, reply)
        return reply.decode("utf-8", "replace")[:120]

    def _reset(self, connection: smtplib.SMTP) -> None:
        try:
            connection.rset()
        except (smtplib.SMTPException, OSError):
            self.close()

    def _connect(self) -> smtplib.SMTP:
        host, port = self._url.hostname or "", self._url.port or (465 if self._url.scheme == "smtps" else 587)
        try:
            self._connection = self._opened(host, port)
            self._connection.ehlo_or_helo_if_needed()
            self._secure(host)
            if self._url.username:
                self._connection.login(unquote(self._url.username), unquote(self._url.password or ""))
        except smtplib.SMTPAuthenticationError as error:
            self.close()
            raise ChannelDown(
                f"邮件服务器 {host} 不接受用户名或密码（{error.smtp_code}）；请检查 ZHIDA_SMTP。",
                f"The mail server {host} does not accept the user name or password ({error.smtp_code}). Check ZHIDA_SMTP.",
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise ChannelDown(
                f"连不上邮件服务器 {host}:{port}（{type(error).__name__}）；请检查 ZHIDA_SMTP 和网络。",
                f"No connection to the mail server {host}:{port} ({type(error).__name__}). Check ZHIDA_SMTP and the network.",
            ) from error
        return self._connection

    def _opened(self, host: str, port: int) -> smtplib.SMTP:
        if self._url.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_S, context=ssl.create_default_context())
        return smtplib.SMTP(host, port, timeout=_TIMEOUT_S)

    def _secure(self, host: str) -> None:
        """Turn to TLS where the address asks for it or the server offers it; never send a word in the clear to another machine."""
        assert self._connection is not None
        if self._url.scheme == "smtps" or "no" in parse_qs(self._url.query).get("starttls", []):
            return
        if self._connection.has_extn("starttls"):
            self._connection.starttls(context=ssl.create_default_context())
            self._connection.ehlo()
        elif host not in _LOOPBACK:
            raise smtplib.SMTPNotSupportedError("STARTTLS")


def checked_url(url: str) -> SplitResult:
    """Raises: ChannelMisconfigured."""
    parts = urlsplit(url)
    try:
        usable = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ChannelMisconfigured(
            "ZHIDA_SMTP", "要写成 smtps://用户:密码@主机:端口", "write it as smtps://user:password@host:port or smtp://…"
        )
    return parts


def checked_sender(sender: str) -> Address:
    """Raises: ChannelMisconfigured."""
    name, spec = parseaddr(sender)
    try:
        return Address(name, addr_spec=spec)
    except (ValueError, IndexError) as error:
        raise ChannelMisconfigured(
            "ZHIDA_MAIL_FROM", "要写成 直达 <notices@example.gov.cn>", "write it as Zhida <notices@example.gov.cn>"
        ) from error


def _expect(code: int, reply: bytes, at_address: bool = False) -> None:
    """Let a positive answer pass. Raises: AddressRefused (5xx), TryLater (4xx)."""
    if code < 400:
        return
    words = reply.decode("utf-8", "replace")
    error = _error(code, words, at_address)
    if code == 421:
        raise smtplib.SMTPServerDisconnected(words)
    raise (AddressRefused if code >= 500 else TryLater)(error, f"{code} {words}")


def _error(code: int, words: str, at_address: bool) -> str:
    """Return what an answer means: by its enhanced code (RFC 3463) where it has one, else by its code."""
    found = _ENHANCED.search(words)
    subject, detail = (int(found[2]), int(found[3])) if found else (0, 0)
    if (subject, detail) == (2, 2) or (not found and code in (452, 552)):
        return "mailbox_full"
    if code < 500:
        return "later"
    unknown = subject == 1 or (subject == 2 and detail <= 1) if found else code in (550, 551, 553)
    return "mailbox_unknown" if at_address and unknown else "refused"


def message(letter: Letter, sender: Address) -> EmailMessage:
    """Write a letter as a message: headers, plain text, and the same as HTML."""
    made = EmailMessage(policy=POLICY)
    made["From"] = sender
    made["To"] = Address(addr_spec=letter.address)
    made["Subject"] = letter.title
    made["Date"] = format_datetime(timezone.now())
    made["Message-ID"] = letter.message_id
    # RFC 3834: no out-of-office note shall answer; RFC 8058: one press stops this kind.
    made["Auto-Submitted"] = "auto-generated"
    if letter.stop_url:
        made["List-Unsubscribe"] = f"<{letter.stop_url}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(plain_text(letter), cte="base64")
    made.add_alternative(html(letter), subtype="html", cte="base64")
    # Last: what begins with Content- moves into the first part otherwise.
    made["Content-Language"] = "zh-Hans" if letter.language == "zh" else "en"
    return made


def plain_text(letter: Letter) -> str:
    more, stop, automatic = (text.in_language(letter.language) for text in (_MORE, _STOP, _AUTOMATIC))
    parts = [letter.title, letter.body, letter.next_step, f"{more}: {letter.link}", automatic]
    return "\n\n".join([*parts, f"{stop}: {letter.stop_url}"] if letter.stop_url else parts) + "\n"


def html(letter: Letter) -> str:
    """Write the letter for mail programs that show HTML: large type, nothing loaded from anywhere."""
    more, stop, automatic = (text.in_language(letter.language) for text in (_MORE, _STOP, _AUTOMATIC))
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in letter.body.splitlines() if line.strip())
    stopping = f'<p><a href="{escape(letter.stop_url)}">{escape(stop)}</a></p>' if letter.stop_url else ""
    return (
        f'<!doctype html><html lang="{"zh-Hans" if letter.language == "zh" else "en"}"><head><meta charset="utf-8">'
        f"<title>{escape(letter.title)}</title></head>"
        '<body style="font:18px/1.7 sans-serif;color:#1b1b1b;max-width:36em;margin:1em auto;padding:0 1em">'
        f'<h1 style="font-size:1.35em">{escape(letter.title)}</h1>{paragraphs}'
        f'<p style="border-left:5px solid #0a5f5b;padding-left:0.8em">{escape(letter.next_step)}</p>'
        f'<p><a href="{escape(letter.link)}">{escape(more)}</a></p>'
        f'<div style="font-size:0.85em;color:#555"><p>{escape(automatic)}</p>{stopping}</div></body></html>'
    )
