"""Programmes as data: reading a YAML file strictly, installing it, reading what is installed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.policies import api as policies
from zhida.blocks.tills.common import may, record
from zhida.blocks.tills.errors import InvalidProgramme, UnknownProgramme
from zhida.blocks.tills.models import EventProgramme
from zhida.blocks.tills.rules import PROVIDER_KINDS, SPANS, Cap, Programme, Terms
from zhida.kernel import clock
from zhida.kernel.errors import ZhidaError
from zhida.kernel.money import parse_yuan
from zhida.kernel.text import Text
from zhida.kernel.yaml_files import read_yaml, refuse_wild

# The programmes that come with the house; a site has files of its own.
FOLDER = Path(__file__).parent / "programmes"
_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
_SHARE = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?%")
_FIELDS = {"programme", "label", "benefit", "law", "clause", "provider_kinds", "who", "sync_days", "refund_days", "terms", "ends"}


class _Wrong(Exception):
    """Something in a file, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(en)


def programme_files(folder: Path = FOLDER) -> list[Path]:
    return sorted(folder.glob("*.yaml"))


@transaction.atomic
def install_programme(viewer: access.Viewer, path: Path) -> Programme:
    """Keep a programme's file in the database, or bring the kept one up to date; return what it says.

    Raises: InvalidProgramme, PermissionMissing.
    """
    may(viewer, "tills.manage")
    declaration = path.read_text("utf-8")
    programme = read_programme(declaration, path.name)
    if programme.who_benefit and programme.who_benefit not in policies.benefits():
        raise InvalidProgramme(path.name, f"没有待遇 {programme.who_benefit}", f"there is no benefit {programme.who_benefit}")
    fields = {"declaration": declaration, "installed_by": viewer.account, "installed_at": clock.now()}
    kept = EventProgramme.objects.filter(code=programme.code).first()
    if kept is None or kept.declaration != declaration:
        EventProgramme.objects.update_or_create(code=programme.code, defaults=fields)
        record(viewer, "tills.install", f"programme {programme.code}")
    return programme


def installed() -> dict[str, tuple[Programme, list[str]]]:
    """Return code -> what it says and the months whose lists are made."""
    rows = EventProgramme.objects.values_list("code", "declaration", "listed_months")
    return {code: (_kept(declaration), months) for code, declaration, months in rows}


def programmes() -> dict[str, Programme]:
    """Return the installed programmes by code."""
    return {code: programme for code, (programme, _) in installed().items()}


def programme(code: str) -> Programme:
    """Raises: UnknownProgramme."""
    found = programmes().get(code)
    if found is None:
        raise UnknownProgramme(code)
    return found


@lru_cache(64)
def _kept(declaration: str) -> Programme:
    return read_programme(declaration, "kept")


def read_programme(written: str, name: str) -> Programme:
    """Return what a programme's file says.

    Raises: InvalidProgramme, naming the first thing that is wrong.
    """
    try:
        refuse_wild(written)
        return _programme(read_yaml(written))
    except yaml.YAMLError as error:
        raise InvalidProgramme(name, "不是可读的 YAML", f"it is not readable YAML ({str(error).splitlines()[0]})") from error
    except _Wrong as wrong:
        raise InvalidProgramme(name, wrong.zh, wrong.en) from wrong
    except ZhidaError as error:
        raise InvalidProgramme(name, error.text.zh.rstrip("。"), error.text.en.rstrip(".")) from error


def _programme(told: Any) -> Programme:
    told = _mapping(told, "programme", _FIELDS)
    code = _text(told, "programme")
    if not _CODE.fullmatch(code):
        raise _Wrong(f"项目代码 {code} 只能用小写字母、数字和下划线", f"the code {code} may hold small letters, digits and _ only")
    who = _mapping(told.get("who"), "who", {"benefit", "age_from"})
    if len(who) != 1:
        raise _Wrong("who 要写 benefit 或 age_from 其中一个", "who needs one of benefit and age_from")
    kinds = told.get("provider_kinds")
    if not isinstance(kinds, list) or not kinds or set(kinds) - set(PROVIDER_KINDS):
        raise _Wrong(f"provider_kinds 只能取 {', '.join(PROVIDER_KINDS)}", f"provider_kinds may be {', '.join(PROVIDER_KINDS)}")
    terms = told.get("terms")
    if not isinstance(terms, list) or not terms:
        raise _Wrong("terms 至少要有一条", "terms needs at least one wording")
    return Programme(
        code=code,
        label=_words(told, "label"),
        benefit=_text(told, "benefit"),
        law=_text(told, "law"),
        clause=_words(told, "clause"),
        provider_kinds=tuple(kinds),
        who_benefit=str(who.get("benefit", "")),
        age_from=_count(who, "age_from", 150) if "age_from" in who else None,
        sync_days=_count(told, "sync_days", 366),
        refund_days=_count(told, "refund_days", 366),
        terms=tuple(sorted((_terms(each) for each in terms), key=lambda each: each.begins)),
        ends=_day(told, "ends") if told.get("ends") else None,
    )


def _terms(told: Any) -> Terms:
    told = _mapping(told, "terms", {"from", "city_pays", "caps"})
    pays = _mapping(told.get("city_pays"), "city_pays", {"fixed", "share", "at_most"})
    if ("fixed" in pays) == ("share" in pays) or ("fixed" in pays and "at_most" in pays):
        raise _Wrong("city_pays 要写 fixed，或 share 与可选的 at_most", "city_pays needs fixed, or share with an optional at_most")
    caps = _mapping(told.get("caps", {}), "caps", set(SPANS))
    return Terms(
        begins=_day(told, "from"),
        fixed_fen=_fen(pays, "fixed"),
        share_bp=_basis_points(pays["share"]) if "share" in pays else None,
        at_most_fen=_fen(pays, "at_most"),
        caps={span: _cap(caps[span]) for span in SPANS if span in caps},
    )


def _cap(told: Any) -> Cap:
    told = _mapping(told, "caps", {"times", "yuan"})
    if not told:
        raise _Wrong("caps 的每一项要写 times 或 yuan", "each of caps needs times, yuan or both")
    return Cap(_count(told, "times", 1_000_000) if "times" in told else None, _fen(told, "yuan"))


def _mapping(value: Any, name: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(f"缺少 {name}", f"{name} is missing or not a table")
    if unknown := sorted(str(key) for key in set(value) - known):
        raise _Wrong(f"{name} 里不认识 {', '.join(unknown)}", f"{name} has no {', '.join(unknown)}")
    return value


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= 200:
        raise _Wrong(f"缺少 {name}", f"{name} is missing")
    return value.strip()


def _words(told: Mapping[str, Any], name: str) -> Text:
    words = _mapping(told.get(name), name, {"zh", "en"})
    return Text(_text(words, "zh"), _text(words, "en"))


def _count(told: Mapping[str, Any], name: str, highest: int) -> int:
    value = told.get(name)
    if type(value) is not int or not 0 <= value <= highest:
        raise _Wrong(f"{name} 要写 0 到 {highest} 的整数", f"{name} needs a whole number from 0 to {highest}")
    return value


def _fen(told: Mapping[str, Any], name: str) -> int | None:
    if name not in told:
        return None
    # A number without quotes would be a float, and 0.1 + 0.2 is not 0.3.
    if not isinstance(told[name], str):
        raise _Wrong(f'{name} 要写成带引号的元，例如 "5.00"', f'{name} needs yuan in quotes, as "5.00"')
    amount = parse_yuan(told[name])
    if amount <= 0:
        raise _Wrong(f"{name} 要大于零", f"{name} must be above zero")
    return amount


def _basis_points(written: Any) -> int:
    match = _SHARE.fullmatch(str(written))
    points = int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0")) if match else 0
    if not 0 < points <= 10_000:
        raise _Wrong('share 要写成百分数，例如 "80%"', 'share needs a percentage, as "80%"')
    return points


def _day(told: Mapping[str, Any], name: str) -> date:
    if not isinstance(told.get(name), date):
        raise _Wrong(f"{name} 要写日期", f"{name} needs a day, as 2025-01-01")
    return told[name]
