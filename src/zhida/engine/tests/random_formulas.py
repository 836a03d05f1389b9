"""Random formulas over the sample facts: every operator, units kept right, depth bounded. ``pick(n)`` gives 0 … n-1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zhida.engine import api as e

_FACTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("person", "money"): ("wage",),
    ("person", "number"): ("disability_level",),
    ("person", "month"): ("insured_months",),
    ("person", "bool"): ("disabled", "hukou_local", "is_head"),
    ("person", "date"): ("birth_date", "died_on"),
    ("person", "code"): ("degree", "sex", "employer"),
    ("household", "money"): ("household_income", "rent"),
    ("household", "bool"): ("means_tested",),
    ("claim", "money"): ("claim_cost",),
    ("claim", "date"): ("claim_settled_on",),
    ("claim", "code"): ("claim_tier",),
}
_SPELLS = [e.months_in_a_row, e.longest_spell]
_CODES = {"degree": "master", "sex": "female", "employer": "present", "claim_tier": "tertiary"}
_DEPTH = 5


class Formulas:
    """Grows expressions for one entity. ``value`` is what facts are read from: the entity, or its parent's members."""

    def __init__(self, pick: Callable[[int], int], law: Any, period: Any) -> None:
        self._pick, self._law, self._period = pick, law, period

    def money(self, symbol: Any, entity: str, depth: int = 0) -> Any:
        """Grow an amount in fen (the sample's monthly facts are taken per month away first)."""
        options = [self._money_fact]
        if depth < _DEPTH:
            options += [
                self._sum,
                self._money_choice,
                self._product,
                self._quotient,
                self._rounded,
                self._scaled,
                self._least,
                self._looked_up,
            ]
            options += [self._gathered_money, self._projected] if entity != "members" else []
        return self._one(options)(symbol, entity, depth + 1)

    def _one(self, options: list[Any]) -> Any:
        return options[self._pick(len(options))]

    def _fact(self, symbol: Any, entity: str, kind: str) -> Any:
        names = _FACTS.get(("person" if entity == "members" else entity, kind), ())
        return getattr(symbol, names[self._pick(len(names))]) if names else None

    def _money_fact(self, symbol: Any, entity: str, depth: int) -> Any:
        fact = self._fact(symbol, entity, "money")
        if fact is None or self._pick(6) == 0:
            return self._law.old_age_one
        return fact if entity == "claim" else fact * self._law.one_month

    def _sum(self, symbol: Any, entity: str, depth: int) -> Any:
        a, b = self.money(symbol, entity, depth), self.money(symbol, entity, depth)
        return a + b if self._pick(2) else a - b

    def _money_choice(self, symbol: Any, entity: str, depth: int) -> Any:
        other = self._one([lambda: 0, lambda: self.money(symbol, entity, depth)])()
        if self._pick(3) == 0:
            return e.select((self.truth(symbol, entity, depth), self.money(symbol, entity, depth)), otherwise=other)
        return e.where(self.truth(symbol, entity, depth), self.money(symbol, entity, depth), other)

    def _product(self, symbol: Any, entity: str, depth: int) -> Any:
        factor = self._one([lambda: self.number(symbol, entity, depth), lambda: self._law.tenth])()
        return e.round_down(self.money(symbol, entity, depth)) * factor

    def _quotient(self, symbol: Any, entity: str, depth: int) -> Any:
        divisor = self.number(symbol, entity, depth)
        amount = e.round_up(self.money(symbol, entity, depth))
        return amount / e.maximum(divisor, 1) if self._pick(2) else e.where(divisor > 0, amount / divisor, 0)

    def _rounded(self, symbol: Any, entity: str, depth: int) -> Any:
        function = self._one([e.round_half_up, e.round_down, e.round_up])
        return function(self.money(symbol, entity, depth), self._one([e.FEN, e.YUAN]))

    def _scaled(self, symbol: Any, entity: str, depth: int) -> Any:
        base = e.round_half_up(self.money(symbol, entity, depth))
        if self._pick(2):
            return e.bracket(self._law.money_steps, base)
        code = self._fact(symbol, entity, "code") if entity == "claim" else None
        return e.marginal(self._law.claim_rates[code] if code is not None else self._law.plain_rates, base)

    def _least(self, symbol: Any, entity: str, depth: int) -> Any:
        function = self._one([e.minimum, e.maximum])
        return function(self.money(symbol, entity, depth), self._one([lambda: 0, lambda: self.money(symbol, entity, depth)])())

    def _looked_up(self, symbol: Any, entity: str, depth: int) -> Any:
        if entity in ("person", "members"):
            return self._one([lambda: self._law.graduate_grant[symbol.degree], lambda: self._law.care_allowance[symbol.disability_level]])()
        if entity == "household":
            found = self._law.support_standard[symbol.district]
            return (found.on(e.add_months(self._period.start, -self._law.claim_months)) if self._pick(2) else found) * self._law.one_month
        return self._law.deductible[symbol.claim_tier].on(symbol.claim_settled_on)

    def _projected(self, symbol: Any, entity: str, depth: int) -> Any:
        if entity == "household":
            return self.money(symbol, entity, depth)
        above = "household" if entity == "person" or self._pick(2) else "person"
        parent = symbol.household if entity == "person" else (symbol.person.household if above == "household" else symbol.person)
        return self.money(parent, above, depth)

    def _gathered_money(self, symbol: Any, entity: str, depth: int) -> Any:
        if entity == "claim":
            return self.money(symbol, entity, depth)
        members, kind = (symbol.members, "members") if entity == "household" else (symbol.claims, "claim")
        kind = "members" if entity == "household" else "claim"
        value = members.wage * self._law.one_month if kind == "members" else members.claim_cost
        test = self._one([lambda: None, lambda: self._member_truth(members, kind, symbol)])()
        return self._one([e.total, e.highest, e.lowest])(value, where=test)

    def _member_truth(self, members: Any, kind: str, group: Any) -> Any:
        if kind == "claim":
            return members.claim_tier.is_in("tertiary", "community_clinic")
        options = [
            lambda: members.disabled,
            lambda: members.birth_date < self._period.start,
            lambda: ~members.hukou_local | (members.sex == "male"),
        ]
        if group is not None:
            options.append(lambda: members.disabled & (group.size > 1))
        return self._one(options)()

    def number(self, symbol: Any, entity: str, depth: int) -> Any:
        options = [lambda: self._fact(symbol, entity, "number"), lambda: self._months(symbol, entity, depth) / self._law.one_month]
        if entity == "household":
            options += [
                lambda: symbol.size,
                lambda: e.count(symbol.members),
                lambda: e.count(self._member_truth(symbol.members, "members", symbol)),
            ]
        if entity == "person":
            options += [
                lambda: e.rank(symbol.birth_date),
                lambda: e.rank(symbol.wage, where=symbol.disabled),
                lambda: e.rank(symbol.birth_date, same=symbol.mother),
                lambda: e.rank(symbol.wage, within="household", where=symbol.disabled, same=(symbol.mother, symbol.father)),
                lambda: symbol.household.size,
            ]
        if entity == "claim":
            options += [lambda: e.rank(symbol.claim_cost, within="person"), lambda: e.rank(symbol.claim_settled_on, same=symbol.claim_tier)]
        found = self._one(options)()
        return self._law.two if found is None else e.round_down(found)

    def _months(self, symbol: Any, entity: str, depth: int) -> Any:
        fact = self._fact(symbol, entity, "month")
        if fact is not None and self._pick(2):
            return fact
        if entity in ("person", "household") and self._pick(2):
            return self._spell(symbol, entity, depth)
        return e.months_between(self.date(symbol, entity, depth), self._period.start)

    def _spell(self, symbol: Any, entity: str, depth: int) -> Any:
        until = self._one([lambda: self._period.start, lambda: self.date(symbol, entity, depth + 1)])()
        if entity == "household":
            test = self._one([lambda: None, lambda: self._member_truth(symbol.members, "members", symbol)])()
            return self._one(_SPELLS)(symbol.members.died_on, until, where=test)
        months = symbol.contributions
        test = self._one([lambda: None, lambda: months.paid, lambda: months.paid & symbol.hukou_local])()
        return self._one(_SPELLS)(months.paid_month, until=until, where=test)

    def date(self, symbol: Any, entity: str, depth: int) -> Any:
        fact = self._fact(symbol, entity, "date")
        options = [lambda: self._period.end if fact is None else fact]
        if depth < _DEPTH:
            options += [lambda: e.add_months(self.date(symbol, entity, depth + 1), self._law.claim_months)]
            options += [lambda: e.where(self.truth(symbol, entity, depth + 1), self.date(symbol, entity, depth + 1), self._period.start)]
            options += [lambda: e.minimum(self.date(symbol, entity, depth + 1), self._period.end)]
            options += [lambda: e.add_years(self.date(symbol, entity, depth + 1), 1)]
        if entity == "household":
            options += [lambda: e.highest(symbol.members.birth_date, default=self._period.start), lambda: e.lowest(symbol.members.died_on)]
        return self._one(options)()

    def truth(self, symbol: Any, entity: str, depth: int) -> Any:
        fact = self._fact(symbol, entity, "bool")
        options: list[Any] = [
            lambda: self._compared(symbol, entity, depth) if fact is None else fact,
            lambda: self._coded(symbol, entity, depth),
        ]
        if depth < _DEPTH:
            options += [
                lambda: self.truth(symbol, entity, depth + 1) & self.truth(symbol, entity, depth + 1),
                lambda: self.truth(symbol, entity, depth + 1) | self.truth(symbol, entity, depth + 1),
                lambda: ~self.truth(symbol, entity, depth + 1),
                lambda: self._compared(symbol, entity, depth),
                lambda: e.is_known(self.truth(symbol, entity, depth + 1)),
                lambda: e.where(self.truth(symbol, entity, depth + 1), self.truth(symbol, entity, depth + 1), False),
                lambda: self.date(symbol, entity, depth + 1) <= self.date(symbol, entity, depth + 1),
            ]
            if entity == "household":
                options += [lambda: self._some(symbol, e.any_of), lambda: self._some(symbol, e.all_of)]
        return self._one(options)()

    def _some(self, symbol: Any, function: Any) -> Any:
        test = self._one([lambda: None, lambda: self._member_truth(symbol.members, "members", symbol)])()
        return function(self._member_truth(symbol.members, "members", None), where=test)

    def _coded(self, symbol: Any, entity: str, depth: int) -> Any:
        names = _FACTS.get((entity, "code"), ())
        if not names:
            return self._compared(symbol, entity, depth)
        name = names[self._pick(len(names))]
        fact = getattr(symbol, name)
        return self._one([lambda: fact == _CODES[name], lambda: fact != "none", lambda: fact.is_in(_CODES[name], "none")])()

    def _compared(self, symbol: Any, entity: str, depth: int) -> Any:
        if depth >= _DEPTH:
            return self._period.start < self.date(symbol, entity, depth)
        a, b = self.money(symbol, entity, depth + 1), self._one([lambda: 0, lambda: self.money(symbol, entity, depth + 1)])()
        return self._one([lambda: a < b, lambda: a >= b, lambda: a == b, lambda: a != b])()
