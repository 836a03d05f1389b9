"""What the compiler refuses. Each sentence names the file and line, what is wrong there, and what to write instead."""

from __future__ import annotations

from difflib import get_close_matches

from zhida.kernel.errors import ZhidaError

Place = tuple[str, int]


def nearest(name: str, names: list[str]) -> str:
    """Return the existing name most like a misspelt one, or ``""``."""
    return next(iter(get_close_matches(name, names, 1, 0.6)), "")


class EngineError(ZhidaError):
    """Any refusal of the engine."""


class FormulaRefused(EngineError):
    """A formula that must not run; ``place`` is the file (its last folders) and line."""

    def __init__(self, place: Place, zh: str, en: str) -> None:
        self.place = place
        super().__init__(f"{place[0]}:{place[1]}：{zh}", f"{place[0]}:{place[1]}: {en}")


class UnitsDiffer(FormulaRefused):
    def __init__(self, place: Place, action: str, left: str, right: str) -> None:
        super().__init__(
            place,
            f"“{action}”两边单位不同：{left} 与 {right}；请先用 parameters/ 里带单位的数换算。",
            f"'{action}' mixes {left} and {right}. Convert one side first, with a number from parameters/ that carries the unit.",
        )


class UnitTooHigh(FormulaRefused):
    def __init__(self, place: Place, base: str) -> None:
        super().__init__(
            place,
            f"结果的单位里 {base} 自乘太多次；请用 parameters/ 里带单位的数换算。",
            f"the result would be counted in {base} times {base} and so on. Convert with a number from parameters/ that carries the unit.",
        )


class ResultUnitDiffers(FormulaRefused):
    def __init__(self, place: Place, name: str, declared: str, found: str) -> None:
        super().__init__(
            place,
            f"{name} 声明的单位是 {declared}，公式给出的是 {found}；请改公式或改声明。",
            f"{name} is declared as {declared} but its formula gives {found}. Change the formula or the declaration.",
        )


class LiteralNumber(FormulaRefused):
    def __init__(self, place: Place, written: object) -> None:
        super().__init__(
            place,
            f"公式里不能写数字 {written}；请放进 parameters/，再写 law.名称。",
            f"the number {written} stands in a formula. Put it in parameters/ with its source, and write law.<name>.",
        )


class NotSymbolic(FormulaRefused):
    """Python's own `if`, `and`, `//` … on a symbol."""

    def __init__(self, place: Place, written: str, instead: str) -> None:
        super().__init__(place, f"公式里不能用 {written}；请改写为 {instead}。", f"{written} does not work on facts. Write {instead}.")


class NotInRules(FormulaRefused):
    """Something that no rule file may hold: a loop, an import, a name with an underscore."""

    def __init__(self, place: Place, written: str, zh: str, en: str) -> None:
        super().__init__(place, f"规则文件里不能写 {written}；{zh}。", f"a rule file cannot hold {written}. {en}.")


class RulesUnreadable(FormulaRefused):
    """A text that is no rule file at all: its syntax, size or nesting."""


class TooMuchWork(FormulaRefused):
    """A formula that would grow without bound."""

    def __init__(
        self,
        place: Place,
        zh: str,
        en: str,
        instead_zh: str = "请把中间结果写成单独的 @variable",
        instead_en: str = "Write the parts as @variables of their own",
    ) -> None:
        super().__init__(place, f"{zh}；{instead_zh}。", f"{en}. {instead_en}.")


class DeclarationWrong(FormulaRefused):
    """@variable, @benefit or another word was given something it does not take."""

    def __init__(self, place: Place, word: str, zh: str, en: str) -> None:
        super().__init__(place, f"{word}：{zh}。", f"{word}: {en}.")


class UnknownName(FormulaRefused):
    def __init__(
        self,
        place: Place,
        owner: str,
        name: str,
        names: list[str],
        zh: str = "请在合约或 @variable 中先声明",
        en: str = "Declare it in a record contract or as a @variable first",
    ) -> None:
        near = nearest(name, names)
        super().__init__(
            place,
            f"{owner} 没有“{name}”" + (f"；是否想写 {near}？" if near else f"；{zh}。"),
            f"{owner} has no '{name}'." + (f" Did you mean '{near}'?" if near else f" {en}."),
        )


class NameUndefined(FormulaRefused):
    """A name in a rule file that is no argument, word, constant or function of it."""

    def __init__(self, place: Place, name: str, names: list[str]) -> None:
        near = nearest(name, names)
        super().__init__(
            place,
            f"“{name}”没有定义" + (f"；是否想写 {near}？" if near else "；请在上面给它一个值，事实请写 person.名称。"),
            f"'{name}' is defined nowhere."
            + (f" Did you mean '{near}'?" if near else " Give it a value above this line; a fact is written person.<name>."),
        )


class NameOfOtherEntity(FormulaRefused):
    def __init__(self, place: Place, owner: str, name: str, other: str, instead: str) -> None:
        super().__init__(
            place,
            f"“{name}”属于 {other}，不属于 {owner}；请写 {instead}。",
            f"'{name}' belongs to {other}, not to {owner}. Write {instead}.",
        )


class NameOfOtherTree(FormulaRefused):
    def __init__(self, place: Place, owner: str, name: str, other: str) -> None:
        super().__init__(
            place,
            f"“{name}”属于 {other}，与 {owner} 不在同一棵实体树；请把所需的数列入 {owner} 的登记表。",
            f"'{name}' belongs to {other}, which is not in the tree of {owner}. Give {owner} a column of its own for it.",
        )


class UnknownCode(FormulaRefused):
    def __init__(self, place: Place, code: str, codes: list[str]) -> None:
        near = nearest(code, codes)
        known = ", ".join(codes)
        super().__init__(
            place,
            f"代码“{code}”不在代码表中（{known}）" + (f"；是否想写 {near}？" if near else "。"),
            f"the code '{code}' is not one of: {known}." + (f" Did you mean '{near}'?" if near else " Write one of these."),
        )


class WrongKind(FormulaRefused):
    def __init__(self, place: Place, action: str, needed: str, found: str) -> None:
        super().__init__(
            place,
            f"“{action}”需要 {needed}，得到的是 {found}；请改用 {needed} 的表达式。",
            f"'{action}' needs {needed} and got {found}. Give it an expression that is {needed}.",
        )


class EntitiesDiffer(FormulaRefused):
    def __init__(self, place: Place, left: str, right: str) -> None:
        super().__init__(
            place,
            f"{left} 的值不能直接与 {right} 的值运算；向下取值写 person.household.x，向上汇总用 total(household.members.x)。",
            f"a value of {left} meets a value of {right}. Go down with person.household.x, or up with total(household.members.x).",
        )


class NotMembers(FormulaRefused):
    def __init__(self, place: Place, function: str, found: str) -> None:
        super().__init__(
            place,
            f"{function}() 只能汇总成员的值，得到的是 {found} 的值；请写 {function}(household.members.x)。",
            f"{function}() gathers the values of members and got a value of {found}. Write {function}(household.members.x).",
        )


class NoGroup(FormulaRefused):
    def __init__(self, place: Place, entity: str) -> None:
        super().__init__(
            place,
            f"rank() 在组内排序，而 {entity} 不属于任何组；请对其成员的一个 @variable 排序。",
            f"rank() numbers rows inside a group, and {entity} belongs to none. Rank its members, in a @variable of theirs.",
        )


class MembersNotGathered(FormulaRefused):
    def __init__(self, place: Place, name: str) -> None:
        super().__init__(
            place,
            f"{name} 用了成员的值却没有汇总；请用 total、count、any_of、all_of、highest 或 lowest。",
            f"{name} uses values of members without gathering them. Use total, count, any_of, all_of, highest or lowest.",
        )


class MayDivideByZero(FormulaRefused):
    def __init__(self, place: Place) -> None:
        super().__init__(
            place,
            "除数可能为 0；请写 where(除数 > 0, 被除数 / 除数, 0)，或 被除数 / maximum(除数, 1)。",
            "the divisor may be 0. Write where(divisor > 0, amount / divisor, 0), or amount / maximum(divisor, 1).",
        )


class NotWhole(FormulaRefused):
    def __init__(self, place: Place, name: str, decimals: int) -> None:
        super().__init__(
            place,
            f"{name} 的结果带 {decimals} 位小数，金额必须是整分；请写 round_half_up(金额, FEN)（或 round_up、round_down）。",
            f"{name} gives {decimals} decimals, but what is granted is whole. Write round_half_up(amount, FEN), round_up or round_down.",
        )


class Cycle(FormulaRefused):
    def __init__(self, place: Place, names: list[str]) -> None:
        way = " → ".join(names)
        super().__init__(
            place,
            f"公式相互引用成环：{way}；请断开其中一个引用。",
            f"formulas refer to each other in a circle: {way}. Break one of the references.",
        )


class FormulaArgument(FormulaRefused):
    def __init__(self, place: Place, name: str, argument: str, known: list[str]) -> None:
        expected = ", ".join(known)
        super().__init__(
            place,
            f"{name} 的参数“{argument}”无法提供；可用的是 {expected}。",
            f"{name} asks for '{argument}', which formulas cannot have. They can have: {expected}.",
        )


class FormulaFailed(FormulaRefused):
    def __init__(self, place: Place, name: str, reason: str) -> None:
        super().__init__(
            place, f"{name} 的公式无法记录：{reason}；请改正该行。", f"the formula of {name} failed: {reason}. Correct this line."
        )


class UnitUnknown(FormulaRefused):
    def __init__(self, place: Place, written: str, known: list[str]) -> None:
        names = ", ".join(known)
        super().__init__(place, f"单位“{written}”不认识；可用的是 {names}。", f"'{written}' is not a unit. Units are: {names}.")


class NameTaken(FormulaRefused):
    def __init__(self, place: Place, name: str, taken_by: str) -> None:
        super().__init__(
            place,
            f"名称“{name}”已被 {taken_by} 使用；请换一个名称。",
            f"the name '{name}' is already taken by {taken_by}. Choose another one.",
        )


class KeysDiffer(FormulaRefused):
    def __init__(self, place: Place, name: str, needed: int, given: int) -> None:
        super().__init__(
            place,
            f"law.{name} 需要 {needed} 个键，给了 {given} 个；请写 law.{name}[键, …]，顺序与 parameters/ 中的 by 相同。",
            f"law.{name} is kept by {needed} keys and got {given}. Write law.{name}[key, …] in the order of its 'by' in parameters/.",
        )


class ParameterUnreadable(EngineError):
    def __init__(self, file: str, name: str, zh: str, en: str) -> None:
        super().__init__(f"{file}：参数 {name} 无法读取：{zh}", f"{file}: parameter '{name}' cannot be read: {en}")


class ParameterWithoutValue(FormulaRefused):
    def __init__(self, place: Place, name: str, written_at: str, day: str, area: str, rule: str) -> None:
        place_zh, place_en = (f"在 {area} ", f" for {area}") if area else ("", "")
        super().__init__(
            place,
            f"{rule} 用到的参数 {name}（{written_at}）{place_zh}在 {day} 没有值；请在该处补上，或给该政策加 in_force。",
            f"parameter '{name}' ({written_at}), which {rule} needs, has no value on {day}{place_en}."
            " Add it there, or bound the benefit with in_force.",
        )


class BenefitUnknown(EngineError):
    def __init__(self, code: str, codes: list[str]) -> None:
        near = nearest(code, codes)
        super().__init__(
            f"没有代码为“{code}”的政策" + (f"；是否想写 {near}？" if near else "；请查看已安装的政策包。"),
            f"There is no benefit '{code}'." + (f" Did you mean '{near}'?" if near else " Look at the packs that are installed."),
        )


class VariableUnknown(EngineError):
    def __init__(self, name: str, names: list[str]) -> None:
        near = nearest(name, names)
        super().__init__(
            f"没有名为“{name}”的变量" + (f"；是否想写 {near}？" if near else "；请查看已安装的政策包。"),
            f"There is no variable '{name}'." + (f" Did you mean '{near}'?" if near else " Look at the packs that are installed."),
        )


class FactUnusable(EngineError):
    def __init__(self, name: str, zh: str, en: str) -> None:
        super().__init__(f"事实 {name} 不能用：{zh}", f"Fact '{name}' cannot be used: {en}")


class ColumnMissing(EngineError):
    def __init__(self, entity: str, name: str) -> None:
        super().__init__(
            f"快照的 {entity} 表没有“{name}”列；请重新冻结快照。",
            f"The snapshot's {entity} table has no column '{name}'. Freeze the snapshot again.",
        )


class AnswersDiffer(EngineError):
    def __init__(self, folder: str) -> None:
        super().__init__(
            f"{folder} 中的结果不是按同样的步骤对同样的人算出的；请用同样的 rows 重新计算。",
            f"The answers in {folder} are not about the same rows in the same steps. Decide them again with the same rows.",
        )


class BatchDisordered(EngineError):
    def __init__(self, entity: str, key: str) -> None:
        super().__init__(
            f"{entity} 表没有按 {key} 排序，编号重复，或有行不属于任何 {key}；请重新冻结快照。",
            f"The {entity} table is not sorted by {key}, repeats a number, or has rows that belong to no {key}. Freeze the snapshot again.",
        )


class TableMissing(EngineError):
    def __init__(self, entity: str) -> None:
        super().__init__(
            f"规则要用 {entity} 表，但没有提供；请在 Batch.from_tables 或 RootFacts 中加上它（可以是空表）。",
            f"The rules read the table {entity}, which was not given. Add it to Batch.from_tables or RootFacts; it may be empty.",
        )


class RowOfAnother(EngineError):
    def __init__(self, entity: str, key: str, found: object, own: object) -> None:
        super().__init__(
            f"{entity} 表中有一行属于 {key} {found}，而不是 {own}；请只给出这一户的行。",
            f"A row of the {entity} table belongs to {key} {found}, not to {own}. Give the rows of this one only.",
        )


class TableUnknown(EngineError):
    def __init__(self, entity: str, names: list[str]) -> None:
        known = ", ".join(names)
        super().__init__(
            f"实体树中没有“{entity}”表；可用的是 {known}。",
            f"The tree has no table '{entity}'. Its tables are: {known}.",
        )


class TreesMixed(EngineError):
    def __init__(self, names: list[str]) -> None:
        listed = ", ".join(names)
        super().__init__(
            f"一次只能核算一棵实体树，而所要的规则分属 {listed}；请分次核算。",
            f"A program evaluates one tree of entities, and what is asked for stands in several: {listed}. Ask for one tree at a time.",
        )


class RootNeeded(EngineError):
    def __init__(self, names: list[str]) -> None:
        listed = ", ".join(names)
        super().__init__(
            f"法律包里有几棵实体树（{listed}）；请用 root= 指明要核算哪一棵。",
            f"The law has rules over several trees of entities: {listed}. Say which with root=.",
        )


class NumberTooLarge(EngineError):
    def __init__(self, place: Place) -> None:
        super().__init__(
            f"{place[0]}:{place[1]}：运算结果超过 19 位整数；请检查输入事实中的异常大数。",
            f"{place[0]}:{place[1]}: a result has more than 19 digits. Look for an impossibly large number among the facts.",
        )
