"""What a machine is told when a request as a whole was not done: JSON of RFC 9457, one sentence in both languages."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse

from zhida.kernel.text import Text
from zhida.web.text import in_language

# Code -> status, title, sentence. The code is for programs and never changes.
PROBLEMS: dict[str, tuple[int, str, Text]] = {
    "not_json": (
        400,
        "The body is not JSON",
        Text("请求体不是UTF-8的JSON；请按接口说明生成。", "The body is not JSON in UTF-8. Write it as docs/till-api.md shows."),
    ),
    "no_token": (
        401,
        "No valid token",
        Text(
            "请求没有带有效的终端密钥；请在Authorization头写Bearer和密钥。",
            "The request carries no known token. Send it in the header Authorization, after the word Bearer.",
        ),
    ),
    "till_off": (
        403,
        "The till is not active",
        Text(
            "这台终端已停用或过期；请联系街道重新发放密钥。", "This till was revoked or has expired. Ask the street office for a new token."
        ),
    ),
    "not_found": (
        404,
        "Not found",
        Text(
            "这个网址没有接口；请核对网址，说明见/api/openapi.json。",
            "Nothing answers at this address. Check it against /api/openapi.json.",
        ),
    ),
    "wrong_method": (
        405,
        "Method not allowed",
        Text("这个网址不接受这种请求方法；请按接口说明使用。", "This address does not take that method. Use the one of the interface."),
    ),
    "too_large": (
        413,
        "The body is too large",
        Text("请求体超过64KB；请分几次发送。", "The body is above 64 KB. Send the events in several requests."),
    ),
    "too_many": (
        429,
        "Too many requests",
        Text(
            "这台终端的请求太频繁；请稍候再发，一次可带100条。", "This till asks too often. Wait, and send up to 100 events in one request."
        ),
    ),
    "broken": (
        500,
        "Something broke on our side",
        Text("系统出了问题；请稍后用同样的键重试。", "Something broke on our side. Try again later with the same keys."),
    ),
    "busy": (
        503,
        "Busy",
        Text(
            "系统正忙，没有任何记录被接收；请几秒后用同样的键重试。",
            "We are busy and took nothing in. Send the same keys again in a few seconds.",
        ),
    ),
}
RETRY_SECONDS = {429: 5, 503: 2}


class Problem(Exception):
    """A request that is answered with a problem."""

    def __init__(self, status: int, code: str, title: str, sentence: Text, **more: Any) -> None:
        self.status, self.code, self.title, self.sentence, self.more = status, code, title, sentence, more
        super().__init__(sentence.en)


def problem(code: str) -> Problem:
    """Return one of PROBLEMS, to be raised."""
    status, title, sentence = PROBLEMS[code]
    return Problem(status, code, title, sentence)


def invalid(pointer: str, zh: str, en: str) -> Problem:
    """Return the problem of a body or query whose shape is wrong. pointer: where, as a JSON pointer or a parameter's name."""
    return Problem(422, "invalid", "The content is not valid", Text(zh, en), pointer=pointer)


def answer(problem: Problem) -> HttpResponse:
    """Write a problem as application/problem+json; ``detail`` is in the asker's language, ``sentence`` in both."""
    told = {
        "type": f"urn:zhida:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "detail": in_language(problem.sentence),
        "sentence": {"zh": problem.sentence.zh, "en": problem.sentence.en},
        **problem.more,
    }
    response = HttpResponse(json.dumps(told, ensure_ascii=False), status=problem.status, content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    if problem.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="tills"'
    if problem.status in RETRY_SECONDS:
        response["Retry-After"] = str(RETRY_SECONDS[problem.status])
    return response
