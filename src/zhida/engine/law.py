"""A law: packs of definitions and parameters, loaded, checked and named by its content.

``load_law`` records every formula once and refuses what cannot run. ``Law.program(period)`` takes the wordings and numbers in force in a
month and gives something that evaluates (program.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from zhida.engine.definitions import BenefitDefinition, DatedFormula, Definition
from zhida.engine.entities import HOUSE_FACTS, HOUSEHOLD, Entity, FactDefinition, identity_facts
from zhida.engine.errors import (
    BenefitUnknown,
    Cycle,
    EngineError,
    FactUnusable,
    FormulaArgument,
    FormulaFailed,
    LiteralNumber,
    NameOfOtherEntity,
    NameOfOtherTree,
    NameTaken,
    NotWhole,
    Place,
    ResultUnitDiffers,
    RootNeeded,
    TooMuchWork,
    TreesMixed,
    UnitUnknown,
    UnknownName,
    VariableUnknown,
)
from zhida.engine.expressions import (
    ACTIVE,
    Expression,
    Symbol,
    code_position,
    here,
    make,
    recoded,
    rescaled,
    short_place,
    standing_at,
)
from zhida.engine.gaps import Gaps
from zhida.engine.graph import Graph, Node, Shape
from zhida.engine.guards import Guards
from zhida.engine.parameter_files import read_folder
from zhida.engine.parameters import Parameter
from zhida.engine.program import Program, compile_program
from zhida.engine.references import reference
from zhida.engine.sources import CITY, Areas, PackSource, content_name, definitions_of
from zhida.engine.symbols import EntitySymbol, PeriodSymbol, finished
from zhida.engine.units import BASES, Unit, edge_unit
from zhida.kernel.period import Month

if TYPE_CHECKING:
    from zhida.engine.reform import Reform

# As many rules may name one another in a row; the installed law has 8 levels.
CHAIN_MAX = 50

_PROGRAMS_KEPT = 24


def load_law(
    packs: Iterable[PackSource],
    facts: Iterable[FactDefinition] | Mapping[str, FactDefinition],
    areas: Areas | Mapping[str, Sequence[int]] | None = None,
    as_of: date | None = None,
) -> Law:
    """Read the rule files and parameters of packs, record and check every formula. Nothing of a pack is run.

    facts: what the snapshot gives; HOUSE_FACTS are added. areas: group -> district codes, where the group ``city`` lists all districts.
    as_of: leave out what was published later; a benefit whose numbers were not published yet is unknown, naming them.
    Raises: a subclass of EngineError that names file, line and remedy.
    """
    sources = list(packs)
    listed = list(facts.values()) if isinstance(facts, Mapping) else list(facts)
    known_areas = areas if isinstance(areas, Areas) else Areas(areas or {}, tuple((areas or {}).get(CITY, ())))
    definitions = [found for pack in sources for found in definitions_of(pack)]
    parameters = [found for pack in sources for found in read_folder(pack.folder / "parameters", known_areas.names)]
    name = content_name(sources, listed, known_areas, as_of)
    return Law(name, definitions, parameters, listed, known_areas, as_of)


class Law:
    """Everything the installed packs say, as of one day. ``name`` is 16 hex digits of its content."""

    def __init__(
        self,
        name: str,
        definitions: Sequence[Definition],
        parameters: Sequence[Parameter],
        facts: Sequence[FactDefinition],
        areas: Areas,
        as_of: date | None,
    ) -> None:
        self.name, self.areas, self.as_of = name, areas, as_of
        self.graph = Graph()
        self.entities = _entity_index(definitions)
        self.facts = _fact_index(facts, self.entities.values())
        # Every value we know of, whenever it was published; and those that were known on the day of this law.
        self.published = _parameter_index(parameters)
        self.parameters = self.published if as_of is None else {name: found.known_on(as_of) for name, found in self.published.items()}
        self.definitions = self._definition_index(definitions)
        self.benefits = {d.code: d for d in self.definitions.values() if isinstance(d, BenefitDefinition)}
        self.versions: dict[str, list[tuple[date, Node]]] = {}
        # Benefits published after as_of: recorded, so that others may name them, and never granted.
        self.unpublished: set[str] = set()
        # First days of wordings that were published after as_of.
        self._later_wordings: list[date] = []
        self._recording: list[str] = []
        # How many rules stand one upon another below a rule.
        self._levels: dict[str, int] = {}
        self._programs: dict[tuple[Any, ...], Program] = {}
        self._record_all()

    # -- what callers use --

    def program(
        self,
        period: Month,
        benefits: Iterable[str] | None = None,
        variables: Sequence[str] = (),
        root: Entity | None = None,
        given: Sequence[str] = (),
    ) -> Program:
        """Return the rules in force on the first day of a month, for all benefits of a tree or some codes; kept for the next call.

        variables: names of variables (or benefits) whose values are wanted beside the decisions: ``Evaluation.values``.
        given: names of variables that are not computed but read from the batch, as facts are.
        root: which tree of entities; by itself the one that what is asked for stands in, else the household's, else the only one.
        Raises: BenefitUnknown, VariableUnknown, TreesMixed, RootNeeded, ParameterWithoutValue.
        """
        wanted = tuple(sorted(benefits)) if benefits is not None else ()
        for code in wanted:
            if code not in self.benefits:
                raise BenefitUnknown(code, list(self.benefits))
        for name in (*variables, *given):
            if name not in self.definitions:
                raise VariableUnknown(name, list(self.definitions))
        asked = [self.benefits[code].entity.root for code in wanted] + [self.definitions[name].entity.root for name in variables]
        tree = self._one_tree(asked if root is None else [*asked, root.root])
        key = (period.text, wanted if benefits is not None else None, tuple(variables), tree.name, tuple(given))
        found = self._programs.pop(key, None)
        if found is None:
            chosen = [b for b in self.benefits.values() if b.code in wanted or (benefits is None and b.entity.root.name == tree.name)]
            granted = [benefit for benefit in chosen if self.grants(benefit, period.start)]
            found = compile_program(self, period, granted, variables, tree, given)
        # The last one asked for stands last; a walk through the years keeps no month for ever.
        self._programs[key] = found
        for old in list(self._programs)[:-_PROGRAMS_KEPT]:
            self._programs.pop(old, None)
        return found

    def _one_tree(self, asked: Sequence[Entity]) -> Entity:
        """Return the root of the only tree that is asked for; where none is, the household's or the only one there is."""
        names = list(dict.fromkeys(root.name for root in asked))
        if len(names) > 1:
            raise TreesMixed(names)
        roots = {entity.root.name: entity.root for entity in self.entities.values()} or {HOUSEHOLD.name: HOUSEHOLD}
        if not names:
            names = [HOUSEHOLD.name] if HOUSEHOLD.name in roots else list(roots)
        if len(names) > 1:
            raise RootNeeded(names)
        return roots.get(names[0]) or asked[0]

    def not_in_force(self, period: Month) -> list[BenefitDefinition]:
        """List the benefits that the law does not grant in a month."""
        return [benefit for benefit in self.benefits.values() if not self.grants(benefit, period.start)]

    def grants(self, benefit: BenefitDefinition, day: date) -> bool:
        """Say whether a benefit is in force on a day, and known to this law."""
        return benefit.name not in self.unpublished and benefit.in_force_on(day)

    def refuse_gaps(self, parameter: str, day: date, use: Place, rule: str) -> None:
        """Raise ParameterWithoutValue where a parameter has no value on a day.

        Not where a wording of that day was published later: this law does not know it, and what its own wording needs is then unknown.
        """
        if not any(since <= day for since in self._later_wordings):
            self.published[parameter].refuse_gaps(day, self.areas.districts, use, rule)

    def version_on(self, name: str, day: date) -> Node:
        """Return the wording of a definition that applies on a day."""
        return max((v for v in self.versions[name] if v[0] <= day), key=lambda version: version[0])[1]

    def reformed(self, reform: Reform) -> Law:
        """Return the law as it would be after a reform, under a name of its own; this law stays as it is. Raises: see reform.reformed."""
        from zhida.engine.reform import reformed

        return reformed(self, reform)

    # -- the recorder's side: names while formulas are recorded --

    def entity(self, name: str) -> Entity:
        return self.entities[name]

    def value_named(self, entity: Entity, name: str) -> Node:
        fact = self.facts.get((entity.name, name))
        if fact is not None:
            return make("fact", (), (entity.name, name), _fact_shape(fact))
        definition = self.definitions.get(name)
        if definition is None or definition.entity.name != entity.name:
            raise self._unknown(entity, name, definition)
        if name not in self.versions:
            self._record(definition)
        if self._recording:
            self._stands_on(self._recording[-1], name)
        roots = [root for _, root in self.versions[name]]
        shape = roots[0].shape
        beneath = max(root.depth for root in roots)
        return make("ref", (), name, Shape(shape.kind, entity.name, shape.unit, shape.scale, shape.codes), beneath)

    def _wordings(self, name: str) -> list[Node]:
        """Every wording of a variable; none of a benefit, which is 0 while it is not in force."""
        return [] if isinstance(self.definitions[name], BenefitDefinition) else [root for _, root in self.versions[name]]

    def _stands_on(self, name: str, other: str) -> None:
        self._levels[name] = max(self._levels.get(name, 0), self._levels.get(other, 0) + 1)
        if self._levels[name] >= CHAIN_MAX:
            raise _chain_too_long()

    def _unknown(self, entity: Entity, name: str, definition: Definition | None) -> EngineError:
        other = definition.entity.name if definition else next((owner for owner, fact in self.facts if fact == name), "")
        if other in self.entities and self.entities[other].root is entity.root:
            return NameOfOtherEntity(here(), entity.name, name, other, _way_to(self.entities[other], entity, name))
        if other:
            return NameOfOtherTree(here(), entity.name, name, other)
        names = [fact for owner, fact in self.facts if owner == entity.name]
        names += [d.name for d in self.definitions.values() if d.entity.name == entity.name]
        return UnknownName(here(), entity.name, name, names)

    # -- loading --

    def _definition_index(self, definitions: Sequence[Definition]) -> dict[str, Definition]:
        index: dict[str, Definition] = {}
        codes: dict[str, Definition] = {}
        facts = {name for _, name in self.facts}
        for definition in definitions:
            if definition.name in facts:
                raise NameTaken(definition.place, definition.name, "a fact")
            if definition.name in index:
                raise NameTaken(definition.place, definition.name, ":".join(map(str, index[definition.name].place)))
            if isinstance(definition, BenefitDefinition) and codes.setdefault(definition.code, definition) is not definition:
                raise NameTaken(definition.place, definition.code, ":".join(map(str, codes[definition.code].place)))
            index[definition.name] = definition
        return index

    def _record_all(self) -> None:
        token = ACTIVE.set(self)
        try:
            for definition in self.definitions.values():
                if definition.name not in self.versions:
                    self._record(definition)
            for definition in self.definitions.values():
                if isinstance(definition, BenefitDefinition):
                    self._check_benefit(definition)
            guards = Guards(self.parameters, self._wordings)
            for versions in self.versions.values():
                for _, root in versions:
                    guards.refuse_unsafe(root)
            Gaps(self).refuse()
        finally:
            ACTIVE.reset(token)

    def _record(self, definition: Definition) -> None:
        if definition.name in self._recording:
            raise Cycle(here(), [*self._recording[self._recording.index(definition.name) :], definition.name])
        if len(self._recording) == CHAIN_MAX:
            raise _chain_too_long()
        self._recording.append(definition.name)
        known = [formula for formula in definition.formulas if self.as_of is None or formula.known_from <= self.as_of]
        self._later_wordings += [formula.since for formula in definition.formulas if formula not in known and formula.since > date.min]
        if not known:
            self.unpublished.add(definition.name)
            known = definition.formulas[:1]
        results = [(formula, self._call(definition, formula)) for formula in known]
        self._recording.pop()
        scale = max(result.shape.scale for _, result in results)
        codes = definition.codes or max((result.shape.codes for _, result in results), key=len)
        versions = []
        for formula, result in results:
            with standing_at(formula.result_place):
                versions.append((formula.since, recoded(rescaled(result.node, scale), codes)))
        self.versions[definition.name] = versions

    def _call(self, definition: Definition, formula: DatedFormula) -> Expression:
        """Call a formula on symbols and check its result against the declaration."""
        every = definition.every if isinstance(definition, BenefitDefinition) else "MONTH"
        offers = {
            definition.entity.name: EntitySymbol(definition.entity, definition.entity),
            "law": _LawSymbol(self.parameters),
            "period": PeriodSymbol(every),
        }
        arguments = formula.arguments
        for argument in arguments:
            if argument not in offers:
                raise FormulaArgument(formula.place, definition.name, argument, list(offers))
        with standing_at(None):
            try:
                result = formula.function(*(offers[argument] for argument in arguments))
            except EngineError:
                raise
            except Exception as error:
                raise FormulaFailed(_raised_at(error, formula), definition.name, f"{type(error).__name__}: {error}") from error
        with standing_at(formula.result_place):
            return _at_result(result, definition, formula)

    def _check_benefit(self, benefit: BenefitDefinition) -> None:
        for _, root in self.versions[benefit.name]:
            if root.shape.scale:
                raise NotWhole(root.place, benefit.name, root.shape.scale)
        with standing_at(benefit.place):
            if benefit.occasion:
                self.value_named(benefit.entity, benefit.occasion)
            if benefit.payee.startswith("organisation:"):
                self._check_organisation(benefit, benefit.payee.removeprefix("organisation:"))

    def _check_organisation(self, benefit: BenefitDefinition, name: str) -> None:
        """Whom a benefit is paid to must be a fact of its tree: an organisation's number never enters a formula."""
        tree = {entity.name for entity in benefit.entity.root.tree()}
        known = [fact.name for (owner, _), fact in self.facts.items() if owner in tree and fact.dtype == "organisation"]
        if name not in known:
            zh, en = "请写一个 organisation 类型的事实", "Write a fact that is an organisation"
            raise UnknownName(here(), "payee", name, known, zh, en)


def _chain_too_long() -> TooMuchWork:
    zh, en = f"规则一个引用一个，超过 {CHAIN_MAX} 层", f"rules name one another more than {CHAIN_MAX} levels deep"
    return TooMuchWork(here(), zh, en, "请减少相互引用的层数", "Let fewer rules stand one upon another")


class _LawSymbol(Symbol):
    """``law`` in a formula."""

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self._parameters = parameters

    def __getattr__(self, name: str) -> Any:
        if name not in self._parameters:
            zh, en = "请在 parameters/ 中写入它及其来源", "Add it to parameters/ with its source"
            raise UnknownName(here(), "law", name, list(self._parameters), zh, en)
        return reference(self._parameters[name])


def _at_result(value: Any, definition: Definition, formula: DatedFormula) -> Expression:
    if isinstance(value, int | float) and not isinstance(value, bool) and value not in (0, 1):
        raise LiteralNumber(formula.place, value)
    result = finished(value, definition.name, formula.place)
    shape = result.shape
    if shape.entity not in ("", definition.entity.name):
        raise NameOfOtherEntity(
            formula.place, definition.entity.name, definition.name, shape.entity, f"@variable({shape.entity.title()}, …)"
        )
    declared = _declared(definition, formula)
    allowed = [declared]
    if isinstance(definition, BenefitDefinition):
        # A monthly amount paid every month is that many fen, and so on.
        allowed += [Shape("number", unit=declared.unit / Unit.parse(per)) for per in (definition.every.lower(),) if per in BASES]
        if not declared.unit.powers:
            allowed += [Shape("bool")]
    is_zero = result.node.op == "const" and result.node.payload == ("number", 0)
    if not is_zero and all((shape.kind, shape.unit) != (one.kind, one.unit) for one in allowed):
        raise ResultUnitDiffers(formula.place, definition.name, definition.unit, shape.words)
    if shape.kind == "code" and definition.codes:
        for code in shape.codes:
            code_position(definition.codes, code)
    return _as_number(result) if isinstance(definition, BenefitDefinition) else _of_unit(result, declared)


def _declared(definition: Definition, formula: DatedFormula) -> Shape:
    if definition.unit in ("bool", "date", "code"):
        return Shape(definition.unit)  # type: ignore[arg-type]
    try:
        return Shape("number", unit=edge_unit(definition.unit)[0])
    except ValueError as error:
        raise UnitUnknown(formula.place, str(error), [*BASES, "bool", "date", "code", "1"]) from error


def _as_number(result: Expression) -> Expression:
    """A benefit that only says yes (``status``) counts as 1."""
    if result.shape.kind != "bool":
        return result
    return Expression(make("flag", (result.node,), None, Shape("number", result.shape.entity)))


def _of_unit(result: Expression, declared: Shape) -> Expression:
    if result.node.op == "const" and declared.kind == "number" and result.shape.unit != declared.unit:
        return Expression(make("const", (), result.node.payload, Shape("number", unit=declared.unit)))
    return result


def _raised_at(error: Exception, formula: DatedFormula) -> tuple[str, int]:
    file, trace, line = formula.function.__code__.co_filename, error.__traceback__, formula.place[1]
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return short_place(file, line)


def _fact_index(facts: Sequence[FactDefinition], entities: Iterable[Entity]) -> dict[tuple[str, str], FactDefinition]:
    """Facts by entity and name: those given, and the columns by which each row of the law's trees is told apart."""
    index: dict[tuple[str, str], FactDefinition] = {}
    roots = {entity.root.name for entity in entities} or {HOUSEHOLD.name}
    identities = [fact for entity in entities for fact in identity_facts(entity)]
    for fact in (*identities, *(HOUSE_FACTS if HOUSEHOLD.name in roots else ()), *facts):
        try:
            _fact_shape(fact)
        except (ValueError, KeyError) as error:
            raise FactUnusable(fact.name, f"类型或单位“{error}”不认识。", f"its dtype or unit {error} is unknown.") from error
        index[(fact.entity, fact.name)] = fact
    return index


def _fact_shape(fact: FactDefinition) -> Shape:
    kind = fact.kind
    if kind == "code":
        return Shape("code", fact.entity, codes=fact.codes or ("present",))
    if kind != "number":
        return Shape(kind, fact.entity)
    is_money = fact.dtype in ("money", "money_yuan")
    unit = edge_unit(fact.unit or ("fen" if is_money else "1"))[0]
    if fact.dtype in ("resident", "household_no"):
        unit = Unit.parse("id")
    return Shape("number", fact.entity, unit, fact.scale)


def _parameter_index(parameters: Sequence[Parameter]) -> dict[str, Parameter]:
    index: dict[str, Parameter] = {}
    for parameter in parameters:
        if parameter.name in index:
            raise NameTaken((parameter.file, parameter.line), parameter.name, index[parameter.name].written_at)
        index[parameter.name] = parameter
    return index


def _way_to(owner: Entity, entity: Entity, name: str) -> str:
    """Write how a formula of one entity reaches a value of another of its tree."""
    if owner.name in entity.above:
        return ".".join([entity.name, *entity.above[: entity.above.index(owner.name) + 1], name])
    below = owner
    while below.parent is not None and below.parent is not entity:
        below = below.parent
    if below is owner:
        return f"total({entity.name}.{owner.plural}.{name}), count(), any_of() …"
    if below.parent is None:
        return ".".join([entity.name, *entity.above, f"x, where x is a @variable of {owner.root.name} that gathers {name}"])
    return f"total({entity.name}.{below.plural}.x), where x is a @variable of {below.name} that gathers {name}"


def _entity_index(definitions: Iterable[Definition]) -> dict[str, Entity]:
    """All entities of the trees that definitions stand in, by name. A name may stand in one tree only."""
    found: dict[str, Entity] = {}
    for definition in definitions:
        for entity in definition.entity.root.tree():
            other = found.setdefault(entity.name, entity)
            if other.root is not entity.root:
                raise NameTaken(definition.place, entity.name, f"an entity of the tree of {other.root.name}")
    return found
