"""Bank files that nobody may take in: every way in which a file of every message we read can be wrong, made from valid ones."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator

from zhida.blocks.payments.tests.bank_letters import notification, statement, status_report

_REFERENCE = "ZD0000000000000001"
_ROWS = [(_REFERENCE, 100_00), ("ZD0000000000000002", 100_00)]
VALID = {
    "pain.002.001.03": status_report([(name, "ACSP", "") for name, _ in _ROWS], "ZHIDA-00000001", "ACCP", "03"),
    "pain.002.001.12": status_report([(name, "RJCT", "AC04") for name, _ in _ROWS], "ZHIDA-00000001", "PART", "12"),
    "camt.053.001.08": statement(1_000_00, [(name, fen, "DBIT") for name, fen in _ROWS], 800_00),
    "camt.054.001.08": notification(_ROWS),
}


def corpus(message_name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each malformed file of a message."""
    good = VALID[message_name]
    for made in (_cut, _doubled, _encoded, _named, _entities, _too_much, _damaged, _shaped, _not_xml):
        for name, text in made(good):
            yield name, text if isinstance(text, bytes) else text.encode()
    for made in (_money, _days) if message_name.startswith("camt") else (_codes,):
        for name, text in made(good):
            yield name, text.encode()


Files = Iterator[tuple[str, str | bytes]]


def _once(text: str, old: str, new: str) -> str:
    assert old in text, old
    return text.replace(old, new, 1)


def _cut(good: str) -> Files:
    for part in range(1, 24):
        yield f"cut after {part}/24", good[: len(good) * part // 24]
    for missing in (1, 2, 9, 10, 11):
        yield f"{missing} bytes short", good[:-missing]
    yield "without its beginning", good[60:]


def _doubled(good: str) -> Files:
    head, body = good.split("?>", 1)
    yield "doubled", good + good
    yield "doubled without declaration", good + body
    yield "two documents in one", f"{head}?><Both>{body}{body}</Both>"
    group = good[good.index("<GrpHdr>") : good.index("</GrpHdr>") + len("</GrpHdr>")]
    yield "two heads", _once(good, group, group * 2)
    yield "more after the end", good + "<More/>"
    yield "text after the end", good + "END OF FILE"


def _encoded(good: str) -> Files:
    chinese = _once(good, "<MsgId>", "<MsgId>杭州")
    declared = 'encoding="UTF-8"'
    yield "GB 18030 that says UTF-8", chinese.encode("gb18030")
    yield "Latin that says UTF-8", _once(good, "<MsgId>", "<MsgId>\xe9").encode("latin-1")
    yield "UTF-8 that says UTF-16", _once(good, declared, 'encoding="UTF-16"')
    yield "an encoding nobody knows", _once(good, declared, 'encoding="x-bank-7"')
    yield "UTF-16 of one byte order in a file of the other", b"\xff\xfe" + good.encode("utf-16-be")
    yield "UTF-16 without its mark and saying UTF-8", good.encode("utf-16-le")
    yield "UTF-16 with an odd number of bytes", good.encode("utf-16")[:-1]
    yield "UTF-16 cut", good.encode("utf-16")[: len(good)]
    yield "UTF-32 without its mark", good.encode("utf-32-le")
    yield "EBCDIC that says UTF-8", good.encode("cp037")
    yield "two byte order marks", b"\xef\xbb\xbf\xef\xbb\xbf" + good.encode()
    yield "a mark before the root", _once(good, "?><Document", "?>\ufeff<Document")
    yield "half a mark", b"\xef\xbb" + good.encode()
    for name, wrong in {
        "bytes that are no character": b"\xff\xfe\xfa", "half a character": b"\xe6\x9d", "overlong": b"\xc0\xaf",
        "a surrogate": b"\xed\xa0\x80", "a null byte": b"\0", "an escape": b"\x1b", "U+FFFE": b"\xef\xbf\xbe",
    }.items():  # fmt: skip
        yield name, good.encode().replace(b"<MsgId>", b"<MsgId>" + wrong, 1)
    yield "a null byte first", b"\0" + good.encode()
    yield "a null byte last", good.encode() + b"\0"
    yield "a character that XML has not", _once(good, "<MsgId>", "<MsgId>&#1;")
    yield "a reference to null", _once(good, "<MsgId>", "<MsgId>&#0;")
    yield "a reference beyond Unicode", _once(good, "<MsgId>", "<MsgId>&#x110000;")


def _named(good: str) -> Files:
    start = good.index("urn:iso:std:iso:20022:tech:xsd:")
    namespace = good[start : good.index('"', start)]
    version = namespace.rsplit(":", 1)[1]
    for name in (
        "pain.001.001.09",
        "camt.052.001.08",
        f"{version[:-2]}99",
        f"{version} ",
        version.upper(),
        version[:-3],
        "",
        f"{version}/../x",
    ):
        yield f"the message {name!r}", good.replace(namespace, f"urn:iso:std:iso:20022:tech:xsd:{name}")
    other = next(name for name in VALID if name[:8] != version[:8])
    yield "the content of another message", good.replace(version, other)
    yield "no namespace", good.replace(f' xmlns="{namespace}"', "")
    yield "a namespace of the web", good.replace(namespace, f"https://www.iso20022.org/{version}")
    yield "a prefix nobody declared", good.replace("<Document ", "<d:Document ").replace("</Document>", "</d:Document>")
    yield "another root", good.replace("Document", "Envelope")
    yield "small letters", good.replace("Document", "document")
    yield "an envelope", f"<Envelope>{good.split('?>', 1)[1]}</Envelope>"
    yield "an element of another namespace", _once(good, "<MsgId>", '<MsgId xmlns="urn:other">')


def _entities(good: str) -> Files:
    declaration, body = good.split("?>", 1)
    start = body.index("<MsgId>") + len("<MsgId>")
    used = f"{body[:start]}&a;{body[start:]}"
    laughs = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 11))
    for name, types in {
        "laughs a billion times": f'{laughs}<!ENTITY a "&l10;">',
        "grows as a square": f'<!ENTITY b "{"x" * 50_000}"><!ENTITY a "{"&b;" * 500}">',
        "is its own entity": '<!ENTITY a "&b;"><!ENTITY b "&a;">', "names an entity": '<!ENTITY a "7">',
        "reads a file": '<!ENTITY a SYSTEM "file:///etc/hostname">', "reads the web": '<!ENTITY a SYSTEM "http://127.0.0.1:9/x">',
        "reads a device": '<!ENTITY a SYSTEM "file:///dev/zero">', "reads by a parameter": '<!ENTITY % p SYSTEM "file:///etc/hostname">%p;',
        "grows by parameters": '<!ENTITY % p "<!ENTITY a \'7\'>">%p;',
    }.items():  # fmt: skip
        yield name, f"{declaration}?><!DOCTYPE Document [{types}]>{used}"
    yield "an entity nobody declared", f"{declaration}?>{used}"
    yield "a document type", f"{declaration}?><!DOCTYPE Document>{body}"
    yield "a document type elsewhere", f'{declaration}?><!DOCTYPE Document SYSTEM "http://127.0.0.1:9/bank.dtd">{body}'
    yield "default values", f'{declaration}?><!DOCTYPE Document [<!ATTLIST Document v CDATA "7">]>{body}'
    yield "a document type within", _once(good, "<MsgId>", "<!DOCTYPE x><MsgId>")
    yield (
        "another file included",
        _once(good, "<MsgId>", '<MsgId><x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/hostname"/>'),
    )


def _too_much(good: str) -> Files:
    for depth in (1, 200, 300, 50_000):
        yield f"{depth} deep", _once(good, "<MsgId>", "<MsgId>" + "<a>" * depth)
    yield "deep and whole", _once(good, "<MsgId>", "<MsgId>" + "<a>" * 200 + "</a>" * 200)
    for size in (1, 100_000, 11_000_000):
        yield f"a name {size} too long", _once(good, "<MsgId>", "<MsgId>" + "x" * (size + 35))
    yield "a reference too long", _once(good, _REFERENCE, _REFERENCE * 2)
    yield "a name of a tag without end", _once(good, "<MsgId>", f"<{'M' * 60_000}><MsgId>")
    yield "ten thousand attributes", _once(good, "<MsgId>", "<MsgId " + " ".join(f'a{n}="1"' for n in range(10_000)) + ">")


def _damaged(good: str) -> Files:
    yield "an ampersand", _once(good, _REFERENCE, "A&B")
    yield "a less-than sign", _once(good, _REFERENCE, "A<B")
    yield "an end nobody began", _once(good, "<MsgId>", "</MsgId><MsgId>")
    yield "a beginning without end", _once(good, "</MsgId>", "")
    yield "ends crossed", _once(good, "</MsgId>", "</GrpHdr></MsgId>")
    yield "text that does not end", _once(good, "<MsgId>", "<MsgId><![CDATA[")
    yield "a comment that does not end", _once(good, "<MsgId>", "<MsgId><!-- ")
    yield "a comment within a comment", _once(good, "<MsgId>", "<MsgId><!-- -- -->")
    yield "a declaration within", _once(good, "<MsgId>", '<?xml version="1.0"?><MsgId>')
    yield "a blank before the declaration", f" {good}"
    yield "an attribute twice", _once(good, "<Document ", '<Document a="1" a="1" ')
    yield "quotes that do not end", _once(good, '.0" encoding', ".0 encoding")
    yield "a version of the future", _once(good, 'version="1.0"', 'version="7.0 beta"')
    tags = [place for place, character in enumerate(good) if character == "<"]
    for part in range(1, 8):
        place = tags[len(tags) * part // 8]
        yield f"a bracket lost at {part}/8", good[:place] + good[place + 1 :]
        yield f"zeros at {part}/8", good.encode()[:place] + b"\0" * 9 + good.encode()[place + 9 :]


def _shaped(good: str) -> Files:
    yield "no head", good[: good.index("<GrpHdr>")] + good[good.index("</GrpHdr>") + len("</GrpHdr>") :]
    yield "a head without name", _once(good, good[good.index("<MsgId>") : good.index("</MsgId>") + 8], "")
    yield "an empty name", _once(good, good[good.index("<MsgId>") : good.index("</MsgId>") + 8], "<MsgId/>")
    yield "a name twice", _once(good, "<MsgId>", "<MsgId>X</MsgId><MsgId>")
    yield "a head at the end", _moved_head(good)
    yield "an element nobody knows", _once(good, "</GrpHdr>", "<Surprise/></GrpHdr>")
    yield "text between elements", _once(good, "</GrpHdr>", "</GrpHdr>and now:")
    yield "an attribute nobody knows", _once(good, "<MsgId>", '<MsgId lang="zh">')
    yield "our reader's own mark", _once(good, "<GrpHdr>", '<GrpHdr open="1">')
    yield "no time", _once(good, good[good.index("<CreDtTm>") : good.index("</CreDtTm>") + 10], "")
    for name, moment in (
        ("a day for a time", "2025-11-06"),
        ("a time beyond the day", "2025-11-06T25:00:00"),
        ("words for a time", "today"),
    ):
        yield name, _once(good, good[good.index("<CreDtTm>") : good.index("</CreDtTm>")], f"<CreDtTm>{moment}")
    inside = good[good.index("<GrpHdr>") : good.index("</Document>")]
    yield "nothing in it", good.replace(inside, "")
    yield "an empty document", good[: good.index("><", good.index("<Document"))] + "/>"


def _moved_head(good: str) -> str:
    head = good[good.index("<GrpHdr>") : good.index("</GrpHdr>") + len("</GrpHdr>")]
    start = good.rindex("</", 0, good.rindex("</Document>"))
    without = good.replace(head, "")
    start -= len(head)
    return without[:start] + head + without[start:]


def _not_xml(good: str) -> Files:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("letter.xml", good)
    yield from {
        "empty": "", "blanks": " \n\t" * 50, "a mark only": b"\xef\xbb\xbf", "one byte": "<", "a declaration only": '<?xml version="1.0"?>',
        "a comment only": "<!-- nothing today -->", "words": "END OF DAY REPORT", "a table": "reference,amount\nZD1,100.00\n",
        "JSON": '{"Document": {"GrpHdr": {}}}', "a page": "<!doctype html><html><body>Session expired</body></html>",
        "zipped": packed.getvalue(), "packed": gzip.compress(good.encode()), "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "bytes": bytes(range(256)) * 8,
        "zeros": bytes(4096), "backwards": good[::-1], "in quotes": repr(good), "escaped": good.replace("<", "&lt;"),
        "without tags": "B-1 100.00",
    }.items()  # fmt: skip


_AMOUNTS = (
    "-100.00", "100.001", "100,00", "1.0.0", "", " ", "1e2", "NaN", "INF", "一百", "１００", "100.00 CNY", "+100.00", "100.", ".5", "0x64",
    "1234567890123456789", "99999999999999999.00", "100.000000",
)  # fmt: skip
_DAYS = (
    "2025-02-30", "2025-13-01", "2025-11-00", "06/11/2025", "20251106", "2025-11-6", "", "yesterday",
    "２０２５-11-06", "12025-11-06", "0000-01-01",
)  # fmt: skip


def _money(good: str) -> Iterator[tuple[str, str]]:
    for amount in _AMOUNTS:
        yield f"the amount {amount!r}", good.replace(">100.00<", f">{amount}<")
        yield f"one amount {amount!r}", _once(good, ">100.00<", f">{amount}<")
    for wrong in ("cny", "CN", "CNYY", "", "人民币", "C Y"):
        yield f"the currency {wrong!r}", good.replace('"CNY"', f'"{wrong}"')
    yield "no currency", good.replace(' Ccy="CNY"', "")
    yield "a payment without amount", _once(good, '</Refs><Amt Ccy="CNY">100.00</Amt>', "</Refs>")
    for fen in ("99.99", "100.01", "0.00", "200.01", "20000.00"):
        yield (
            f"a payment of {fen} in an entry of another sum",
            _once(good, '</Refs><Amt Ccy="CNY">100.00<', f'</Refs><Amt Ccy="CNY">{fen}<'),
        )
    payment = good[good.index("<TxDtls>") : good.index("</TxDtls>") + len("</TxDtls>")]
    yield "a payment twice in its entry", _once(good, payment, payment * 2)
    yield "a direction nobody knows", good.replace("DBIT", "BOTH")
    yield "no direction", good.replace("<CdtDbtInd>DBIT</CdtDbtInd>", "")
    yield "no status", good.replace("<Sts><Cd>BOOK</Cd></Sts>", "")


def _days(good: str) -> Iterator[tuple[str, str]]:
    for day in _DAYS:
        yield f"the day {day!r}", good.replace("<BookgDt><Dt>2025-11-06", f"<BookgDt><Dt>{day}")
    for moment in ("2025-11-06T25:00:00", "2025-02-30T10:00:00", "2025-11-06 10:00"):
        yield f"the moment {moment!r}", good.replace("<BookgDt><Dt>2025-11-06</Dt>", f"<BookgDt><DtTm>{moment}</DtTm>")
    yield "two days", good.replace("<BookgDt><Dt>2025-11-06</Dt>", "<BookgDt><Dt>2025-11-06</Dt><Dt>2025-11-07</Dt>")


def _codes(good: str) -> Iterator[tuple[str, str]]:
    status = "<TxSts>ACSP<" if "<TxSts>ACSP<" in good else "<TxSts>RJCT<"
    for code in ("", "REJECTED", "ACSP RJCT", "拒绝拒绝付"):
        yield f"the status {code!r}", _once(good, status, f"<TxSts>{code}<")
    for tag in ("GrpSts", "OrgnlMsgId", "OrgnlPmtInfId", "OrgnlMsgNmId"):
        yield f"a {tag} too long", _once(good, f"<{tag}>", f"<{tag}>{'X' * 40}")
        yield f"an empty {tag}", _once(good, f"<{tag}>", f"<{tag}/><{tag}>")
    yield "a status twice", _once(good, status, f"{status}/TxSts>{status}")
    yield "a reason that is too long", _once(good, "</TxSts>", "</TxSts><StsRsnInf><Rsn><Cd>CLOSED</Cd></Rsn></StsRsnInf>")
    yield "two reasons in one", _once(good, "</TxSts>", "</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd><Prtry>X</Prtry></Rsn></StsRsnInf>")
    amount = '</TxSts><OrgnlTxRef><Amt><InstdAmt Ccy="{}">{}</InstdAmt></Amt></OrgnlTxRef>'
    plain = good.replace("<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>", "")
    for currency, written in (("CNY", "-1.00"), ("CNY", "1.001"), ("CNY", "one"), ("cny", "1.00"), ("", "1.00"), ("CNY", "")):
        yield f"the amount {written!r} {currency!r}", _once(plain, "</TxSts>", amount.format(currency, written))
