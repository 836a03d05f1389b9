"""Text messages through a provider that takes JSON by HTTP, each request signed.

Asked::

    POST ZHIDA_SMS_URL
    X-Zhida-Key: ZHIDA_SMS_KEY · X-Zhida-Time: 1762300800 · Idempotency-Key: the message id
    X-Zhida-Signature: hex HMAC-SHA256, by ZHIDA_SMS_SECRET, of the time, a line feed and the body
    {"id": "…", "to": "+8613800138000", "text": "【直达】…"}

Answered: 2xx ``{"id": "their number"}``; 400, 404, 410 or 422 where the number is wrong; 401 or 403 where we are not let in; anything
else is tried later. A provider with another form gets an adapter of its own beside this one.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from zhida.blocks.notices.adapters.letters import AddressRefused, ChannelDown, Letter, TryLater
from zhida.blocks.notices.errors import ChannelMisconfigured

_TIMEOUT_S = 20
_ANSWER_BYTES_MAX = 64 * 1024
_NUMBER_WRONG = (400, 404, 410, 422)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A signed message goes where the site said, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


class HttpSms:
    def __init__(self, url: str, key: str, secret: str) -> None:
        parts = urlsplit(url)
        if not (parts.scheme == "https" and parts.hostname) and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ChannelMisconfigured("ZHIDA_SMS_URL", "须是 https 地址", "it must be an https address")
        if not secret:
            raise ChannelMisconfigured("ZHIDA_SMS_SECRET", "没有填写", "it is empty")
        self._url, self._key, self._secret = url, key, secret.encode()
        self._opener = urllib.request.build_opener(_NoRedirect)

    def send(self, letter: Letter) -> str:
        try:
            with self._opener.open(self._request(letter), timeout=_TIMEOUT_S) as answer:
                return _id_in(answer.read(_ANSWER_BYTES_MAX))
        except urllib.error.HTTPError as error:
            words = f"{error.code} {error.read(_ANSWER_BYTES_MAX).decode('utf-8', 'replace')}"
            if error.code in (401, 403):
                raise ChannelDown(
                    f"短信服务不接受我们的密钥（{error.code}）；请检查 ZHIDA_SMS_KEY 和 ZHIDA_SMS_SECRET。",
                    f"The SMS provider does not let us in ({error.code}). Check ZHIDA_SMS_KEY and ZHIDA_SMS_SECRET.",
                ) from error
            raise (AddressRefused("number_unknown", words) if error.code in _NUMBER_WRONG else TryLater("later", words)) from error
        except urllib.error.URLError as error:
            host = urlsplit(self._url).hostname
            raise ChannelDown(
                f"连不上短信服务 {host}；请检查 ZHIDA_SMS_URL 和网络。", f"No connection to the SMS provider {host}. Check ZHIDA_SMS_URL."
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise TryLater("connection", type(error).__name__) from error

    def close(self) -> None:
        """Nothing is held open."""

    def _request(self, letter: Letter) -> urllib.request.Request:
        body = json.dumps({"id": letter.message_id, "to": f"+86{letter.address}", "text": text_of(letter)}, ensure_ascii=False).encode()
        at = str(int(time.time()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": letter.message_id,
            "X-Zhida-Key": self._key,
            "X-Zhida-Time": at,
            "X-Zhida-Signature": signature(self._secret, at, body),
        }
        return urllib.request.Request(self._url, body, headers, method="POST")


def signature(secret: bytes, at: str, body: bytes) -> str:
    """Return the signature of a request."""
    return hmac.new(secret, at.encode() + b"\n" + body, hashlib.sha256).hexdigest()


def text_of(letter: Letter) -> str:
    """Return a letter as a text message, under the name that Chinese networks ask for."""
    return f"【直达】{letter.short}" if letter.language == "zh" else f"[Zhida] {letter.short}"


def _id_in(answer: bytes) -> str:
    """Return the provider's number of a message it took; nothing where it gave none: it took it all the same."""
    try:
        told = json.loads(answer)
    except ValueError:
        return ""
    return str(told.get("id", ""))[:120] if isinstance(told, dict) else ""
