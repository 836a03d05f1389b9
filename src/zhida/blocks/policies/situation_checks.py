"""Decides situations and says which answers are not the expected ones.

Every situation is decided three ways, which must agree: alone by the scalar evaluator (the counter's), by the population's columns together
with all other situations of its month, and by columns once more among other neighbours. Situations of one month share a program and two
batches, so a policy officer who has edited a rule waits for seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from zhida.blocks.policies.errors import SituationUnreadable
from zhida.blocks.policies.law import installed_law
from zhida.blocks.policies.situations import NOT_IN_FORCE, UNKNOWN_FACT, Case, Columns, Situation, build_case, unreadable
from zhida.engine.api import UNKNOWN, Batch, BenefitExplanation, HouseholdFacts, Law, Program
from zhida.kernel.errors import ZhidaError
from zhida.kernel.money import format_yuan
from zhida.kernel.period import NEVER
from zhida.kernel.text import Text

# How snapshot columns are typed; everything else is a 64-bit whole number.
ARROW_TYPES = {
    "bool": pa.bool_(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "month": pa.date32(),
    "code": pa.int8(),
    "organisation": pa.string(),
}
_TABLES = ("person", "household", "claim")
_FIRST_HOUSEHOLD = 330106000001
SCALAR, COLUMNS, AMONG_OTHERS = "scalar", "columns", "among others"
WAYS = (SCALAR, COLUMNS, AMONG_OTHERS)


@dataclass(frozen=True)
class Answer:
    """What a household, person or claim is owed: an amount in the smallest unit, or unknown for want of some facts."""

    amount: int | None
    missing: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.amount:,}" if self.amount is not None else f"unknown {' '.join(sorted(self.missing))}"


Answers = dict[str, list[Answer]]


@dataclass(frozen=True)
class Failure:
    """An answer that is not the expected one, or a situation that cannot be decided (benefit "": ``because`` says why).

    expected, got: yuan, another unit, or unknown with what is missing. ways: by which evaluators. because: the step that decided.
    line: of the expected answer in its file.
    """

    benefit: str
    who: str
    ways: tuple[str, ...]
    expected: str
    got: str
    because: Text
    line: int

    def __str__(self) -> str:
        if not self.benefit:
            return self.because.en
        of = f" of {self.who}" if self.who else ""
        return f"{self.benefit}{of}, {', '.join(self.ways)}: expected {self.expected}, got {self.got} ({self.because.en})"


@dataclass
class _Decided:
    """One situation while it is decided: its answers by way, over the months so far."""

    situation: Situation
    law: Law
    case: Case
    answers: dict[str, Answers] = field(default_factory=dict)
    found: dict[tuple[str, int], BenefitExplanation] = field(default_factory=dict)

    @property
    def codes(self) -> list[str]:
        return list(self.situation.expect)

    def add(self, way: str, month: Answers) -> None:
        """Add up the answers of several months; unknown where one of them is."""
        whole = self.answers.setdefault(way, {})
        for code in self.codes:
            if code in month:
                whole[code] = [_sum(pair) for pair in zip(whole[code], month[code], strict=True)] if code in whole else month[code]


def check_situations(situations: Sequence[Situation], law_of: Callable[[Situation], Law]) -> Iterator[tuple[Situation, list[Failure]]]:
    """Decide many situations, each under its law; yield each with its failures, in the order given."""
    failures: dict[int, list[Failure]] = {}
    groups: dict[tuple[str, str], list[_Decided]] = {}
    decided: list[_Decided | None] = []
    for number, situation in enumerate(situations):
        try:
            each = _prepared(situation, law_of(situation))
        except ZhidaError as error:
            failures[number] = [_not_decided(situation, error)]
            decided.append(None)
            continue
        decided.append(each)
        for month in situation.months:
            groups.setdefault((each.law.name, month.text), []).append(each)
    broken = {id(each): error for group, cases in groups.items() for each, error in _decide_group(cases, group[1])}
    for number, (situation, each) in enumerate(zip(situations, decided, strict=True)):
        if each is None:
            yield situation, failures[number]
        elif id(each) in broken:
            yield situation, [_not_decided(situation, broken[id(each)])]
        else:
            yield situation, list(_failures(each))


def laws_as_written(as_of: date | None = None) -> Callable[[Situation], Law]:
    """Return which law decides a situation: the installed one as of its own day, else as of ``as_of``, else all that we know.

    Without a day the law applies as far ahead as it was published.
    """
    return lambda situation: installed_law(situation.law_as_of or as_of or NEVER)


def problems(situation: Situation, law: Law) -> list[str]:
    """Return a sentence for each answer that differs from the expected one; none is as it should be.

    Raises: SituationUnreadable, the engine's sentences about the law.
    """
    each = _prepared(situation, law)
    for month in situation.months:
        for _, error in _decide_group([each], month.text):
            raise error
    return [str(failure) for failure in _failures(each)]


def decide(situation: Situation, law: Law) -> Answers:
    """Return what the population kernel answers for every row, by benefit that the situation names and that is in force."""
    program = law.program(situation.period, list(situation.expect))
    return _by_columns(program, law, [build_case(situation, law)])[0]


def _decide_group(cases: list[_Decided], month: str) -> Iterator[tuple[_Decided, ZhidaError]]:
    """Decide situations of one law and month; yield those that cannot be, with the reason."""
    law = cases[0].law
    period = next(each for each in cases[0].situation.months if each.text == month)
    situations = [each.situation for each in cases]
    try:
        program = law.program(period, sorted({code for each in cases for code in each.codes}))
        in_order = _by_columns(program, law, _numbered(situations, law))
        # The other way round, so that everyone has other neighbours.
        turned = _by_columns(program, law, _numbered([situations[-1], *reversed(situations), situations[0]], law))
        alone = [_by_scalar(program, each) for each in cases]
    except ZhidaError as error:
        if len(cases) == 1:
            yield cases[0], error
            return
        # One of them cannot be decided: each alone, to tell which.
        for each in cases:
            yield from _decide_group([each], month)
        return
    for each, columns, among, scalar in zip(cases, in_order, reversed(turned[1:-1]), alone, strict=True):
        each.add(COLUMNS, columns)
        each.add(AMONG_OTHERS, among)
        each.add(SCALAR, scalar)


def _numbered(situations: Iterable[Situation], law: Law) -> list[Case]:
    return [build_case(situation, law, _FIRST_HOUSEHOLD + number) for number, situation in enumerate(situations)]


def _prepared(situation: Situation, law: Law) -> _Decided:
    """Raise SituationUnreadable for a fact, benefit, person or claim that is not there."""
    each = _Decided(situation, law, build_case(situation, law))
    for code, written in situation.expect.items():
        if code not in law.benefits:
            raise unreadable(situation.file, situation.name, code, list(law.benefits))
        rows = each.case.rows[law.benefits[code].entity.name]
        for who in written if isinstance(written, dict) else ():
            if str(who) not in rows:
                raise unreadable(situation.file, situation.name, str(who), list(rows))
    return each


def _not_decided(situation: Situation, error: ZhidaError) -> Failure:
    return Failure("", "", WAYS, "", "", error.text, situation.lines.get("", 1))


def _failures(each: _Decided) -> Iterator[Failure]:
    situation, rows = each.situation, each.case.rows
    for code, entity, who, expected in _expectations(situation, each.law):
        row = rows[entity].get(who, 0)
        got = {way: _answer(each.answers.get(way, {}), code, row) for way in WAYS}
        wrong = tuple(way for way in WAYS if got[way] != expected)
        if wrong:
            found, unit = each.found.get((code, row)), each.law.benefits[code].unit
            because = found.decisive if found is not None else Text("本月未施行", "not in force in this month")
            told = _told(expected, unit), _told(got[wrong[0]], unit)
            yield Failure(code, who, wrong, *told, because, situation.lines.get(code, 1))


def _told(answer: Answer | str, unit: str) -> str:
    """Write an answer as situations do: yuan, or unknown and what for."""
    is_money = isinstance(answer, Answer) and answer.amount is not None and unit == "fen"
    return format_yuan(answer.amount) if is_money else str(answer)


def _sum(answers: tuple[Answer, Answer]) -> Answer:
    missing = frozenset[str]().union(*(answer.missing for answer in answers))
    amounts = [answer.amount for answer in answers if answer.amount is not None]
    return Answer(sum(amounts), missing) if len(amounts) == len(answers) else Answer(None, missing)


def _expectations(situation: Situation, law: Law) -> Iterator[tuple[str, str, str, Any]]:
    """Yield (benefit, entity, name of person or claim, expected answer)."""
    for code, written in situation.expect.items():
        benefit = law.benefits[code]
        if not isinstance(written, dict):
            yield code, benefit.entity.name, "", _expected(situation, written, benefit.unit)
            continue
        for who, answer in written.items():
            yield code, benefit.entity.name, str(who), _expected(situation, answer, benefit.unit)


def _expected(situation: Situation, written: Any, unit: str) -> Answer | str:
    if written == NOT_IN_FORCE:
        return NOT_IN_FORCE
    if isinstance(written, str) and written.split()[:1] == [UNKNOWN_FACT]:
        return Answer(None, frozenset(written.split()[1:]))
    try:
        return Answer(int(Decimal(str(written)) * (100 if unit == "fen" else 1)))
    except ArithmeticError as error:
        zh, en = f"“{written}”不是金额", f"'{written}' is not an amount"
        raise SituationUnreadable(situation.file, situation.name, zh, en) from error


def _answer(answers: Answers, code: str, row: int) -> Answer | str:
    return answers[code][row] if code in answers else NOT_IN_FORCE


def _by_scalar(program: Program, each: _Decided) -> Answers:
    columns = each.case.columns
    household = {name: values[0] for name, values in columns["household"].items()}
    facts = HouseholdFacts(columns["person"], household, columns["claim"])
    answers: Answers = {}
    for found in program.explain(facts, [code for code in each.codes if code in program.benefits]):
        each.found.setdefault((found.benefit.code, found.row), found)
        answer = Answer(None, frozenset(found.missing)) if found.status == UNKNOWN else Answer(found.amount)
        answers.setdefault(found.benefit.code, []).append(answer)
    return answers


def _by_columns(program: Program, law: Law, cases: list[Case]) -> list[Answers]:
    """Decide several households, whose numbers rise, in one batch; return the answers of each."""
    tables = {entity: _arrow(law, entity, [case.columns[entity] for case in cases]) for entity in _TABLES}
    evaluation = program.evaluate(Batch.from_arrow(tables["person"], tables["household"], tables["claim"], law.facts.values()))
    answers: list[Answers] = [{} for _ in cases]
    for result in evaluation:
        missing = dict(zip(result.unknown_rows.tolist(), result.missing, strict=True))
        every = [
            Answer(None, frozenset(missing[row].split(","))) if row in missing else Answer(amount)
            for row, amount in enumerate(result.amount.tolist())
        ]
        begin = 0
        for case, of_case in zip(cases, answers, strict=True):
            end = begin + len(next(iter(case.columns[result.entity].values())))
            of_case[result.code], begin = every[begin:end], end
    return answers


def _arrow(law: Law, entity: str, parts: list[Columns]) -> pa.Table:
    names = list(parts[0])
    arrays = []
    for name in names:
        kind = ARROW_TYPES.get(law.facts[(entity, name)].dtype, pa.int64())
        values = [value for part in parts for value in part[name]]
        arrays.append(pa.array(values, pa.int32()).cast(kind) if kind == pa.date32() else pa.array(values, kind))
    return pa.table(arrays, names=names)
