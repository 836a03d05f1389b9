"""Finding a service in the words people use: a small index over pairs of characters, ranked as BM25 does, with a file of synonyms.

Chinese is cut into pairs of characters, English into words; both need no dictionary and no model. What residents say and the catalogue
does not (synonyms.yaml) is searched for as well, at a lower weight than what they said themselves.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from zhida.blocks.catalogue.model import Catalogue, PublicService
from zhida.blocks.catalogue.reading import FOLDER, catalogue
from zhida.blocks.policies import api as policies
from zhida.kernel.yaml_files import read_yaml

# BM25's usual constants: how fast a repeated term stops counting, how much long texts are held back.
_SATURATION, _LENGTH = 1.2, 0.5
# Repetition of a field is its weight.
_LABEL, _WORDS, _BENEFIT, _EVENT, _SUMMARY, _REST = 6, 4, 3, 2, 2, 1
_MEANT = 0.6
# A service this far behind the best one is not what was asked for.
_FLOOR = 0.25
_CHARACTERS_MAX = 200


@dataclass(frozen=True)
class Found:
    """A service and how well it answers, relative to the best one (1.0)."""

    service: PublicService
    score: float


@dataclass(frozen=True)
class _Synonyms:
    phrases: tuple[tuple[tuple[str, ...], str], ...]
    silent: tuple[str, ...]
    silent_en: frozenset[str]


@dataclass(frozen=True)
class _Index:
    """terms: how often each term stands in each service, weighted. lengths: all terms of a service. mean: of the lengths."""

    terms: dict[str, dict[str, int]]
    lengths: dict[str, int]
    mean: float


def search_services(text: str, limit: int = 10) -> list[Found]:
    """Return the services that answer a question in plain Chinese or English, the best first; none where nothing fits."""
    asked = text.strip().casefold()[:_CHARACTERS_MAX]
    scores: Counter[str] = Counter()
    for said, weight in ((_without_silent(asked), 1.0), (_meant(asked), _MEANT)):
        for term in set(terms(said)):
            for key, score in _weights(term).items():
                scores[key] += weight * score
    best = max(scores.values(), default=0.0)
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    services = catalogue().services
    return [Found(services[key], score / best) for key, score in ranked[:limit] if score >= _FLOOR * best]


def terms(text: str) -> list[str]:
    """Cut a text into what the index knows: pairs of Chinese characters, single ones that stand alone, English words without their s.

    A single letter says nothing.

    >>> terms("残疾 补贴"), terms("Rent allowances"), terms("钱")
    (['残疾', '补贴'], ['rent', 'allowance'], ['钱'])
    """
    found: list[str] = []
    for run in re.findall(r"[一-鿿]+|[a-z0-9]+", text.casefold()):
        if run[0] < "一":
            found += [_stem(run)] if len(run) > 1 else []
        elif len(run) == 1:
            found.append(run)
        else:
            found += [run[at : at + 2] for at in range(len(run) - 1)]
    return [term for term in found if term not in _synonyms().silent_en]


def _stem(word: str) -> str:
    for ending, instead in (("ies", "y"), ("ing", ""), ("ses", "s"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: -len(ending)] + instead
    return word


def _without_silent(text: str) -> str:
    """Take out the words that say nothing, so that no pair of characters reaches across them."""
    for word in _synonyms().silent:
        text = text.replace(word, " ")
    return text


def _meant(text: str) -> str:
    words = f" {' '.join(re.findall(r'[a-z0-9]+', text))} "
    said = [meaning for phrases, meaning in _synonyms().phrases if any(_says(text, words, phrase) for phrase in phrases)]
    return " ".join(said)


def _says(text: str, words: str, phrase: str) -> bool:
    """English phrases have to stand as whole words: a parent says nothing about rent."""
    return f" {phrase} " in words if phrase.isascii() else phrase in text


def _weights(term: str) -> dict[str, float]:
    """How much a term says for each service that holds it: BM25."""
    index = _index()
    holding = index.terms.get(term, {})
    if not holding:
        return {}
    rarity = math.log(1 + (len(index.lengths) - len(holding) + 0.5) / (len(holding) + 0.5))
    return {
        key: rarity * count * (_SATURATION + 1) / (count + _SATURATION * (1 - _LENGTH + _LENGTH * index.lengths[key] / index.mean))
        for key, count in holding.items()
    }


@cache
def _synonyms() -> _Synonyms:
    written = read_yaml((FOLDER / "synonyms.yaml").read_text("utf-8"))
    phrases = tuple((tuple(each["say"]), str(each["means"])) for each in written["phrases"])
    # Longer ones first: 怎么办 goes before 怎么.
    return _Synonyms(phrases, tuple(sorted(written["silent"], key=len, reverse=True)), frozenset(written["silent_en"]))


@cache
def _index() -> _Index:
    known = catalogue()
    held: dict[str, dict[str, int]] = {}
    lengths: dict[str, int] = {}
    for key, service in known.services.items():
        counts: Counter[str] = Counter()
        for text, weight in _fields(service, known):
            for term in terms(text):
                counts[term] += weight
        lengths[key] = sum(counts.values())
        for term, count in counts.items():
            held.setdefault(term, {})[key] = count
    return _Index(held, lengths, sum(lengths.values()) / max(len(lengths), 1))


def _fields(service: PublicService, known: Catalogue) -> Iterable[tuple[str, int]]:
    yield f"{service.label.zh} {service.label.en}", _LABEL
    yield " ".join((*service.words_zh, *service.words_en)), _WORDS
    for code in service.benefits:
        label = policies.benefits()[code].label
        yield f"{label.zh} {label.en}", _BENEFIT
    for event in service.life_events:
        label = known.life_events[event].label
        yield f"{label.zh} {label.en}", _EVENT
    yield f"{service.summary.zh} {service.summary.en}", _SUMMARY
    for text in (*(each.text for each in service.criteria), *(each.label for each in service.outputs), known.sectors[service.sector]):
        yield f"{text.zh} {text.en}", _REST
