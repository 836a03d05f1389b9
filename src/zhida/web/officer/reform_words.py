"""How the numbers of a simulation are written, and what it comes to in one sentence."""

from __future__ import annotations

from zhida.blocks.policies.api import Effect, Simulation
from zhida.kernel.small_cells import SMALL_CELL, is_small
from zhida.web.templatetags.zhida import number, percent, yuan, yuan_short
from zhida.web.text import pick

PPM = 1_000_000


def withheld() -> str:
    return pick(f"少于 {SMALL_CELL}", f"under {SMALL_CELL}")


def counted(count: int | None) -> str:
    """Write a count of households or persons; a small one stays hidden."""
    return withheld() if count is None or is_small(count) else number(count)


def signed(amount_fen: int) -> str:
    """Write a change of money in few digits, with its sign and never broken over two lines."""
    written = yuan_short(amount_fen).replace(" ", "\u00a0")
    return f"+{written}" if amount_fen > 0 else written


def signed_yuan(amount_fen: int) -> str:
    return f"+{yuan(amount_fen)}" if amount_fen > 0 else yuan(amount_fen)


def rates(before: int | None, after: int | None) -> tuple[str, str]:
    """Write two rates in millionths, with as many decimals as it takes to tell them apart, three at most."""
    if before is None or after is None:
        return "—", "—"
    for digits in (1, 2, 3):
        written = percent(before / PPM, digits), percent(after / PPM, digits)
        if before == after or written[0] != written[1]:
            break
    return written


def ginis(before: int | None, after: int | None) -> tuple[str, str]:
    """Write two Gini coefficients, in the same way."""
    if before is None or after is None:
        return "—", "—"
    for digits in (3, 4, 5):
        written = f"{before / PPM:.{digits}f}", f"{after / PPM:.{digits}f}"
        if before == after or written[0] != written[1]:
            break
    return written


def arrow(pair: tuple[str, str]) -> str:
    return " → ".join(pair)


def finding(found: Simulation) -> str:
    """Say in one sentence what the reform costs and who gains and loses."""
    effect = found.total.effect
    if not found.touched or effect is None:
        return pick("在这个月的规则下，这项改革不改变任何待遇。", "Under this month's rules the reform changes no benefit.")
    return _cost_words(found.year_change_fen) + pick("；", "; ") + _people_words(effect) + pick("。", ".")


def _cost_words(change_fen: int) -> str:
    if not change_fen:
        return pick("一年的支出不变", "A year costs what it costs now")
    amount = yuan_short(abs(change_fen))
    return (
        pick(f"一年多支出 {amount}", f"A year costs {amount} more")
        if change_fen > 0
        else pick(f"一年少支出 {amount}", f"A year costs {amount} less")
    )


def _people_words(effect: Effect) -> str:
    won, lost = number(effect.winners), number(effect.losers)
    gain = pick(f"{won} 户受益", f"{won} household{'' if effect.winners == 1 else 's'} gain{'s' if effect.winners == 1 else ''}")
    loss = pick(f"{lost} 户受损", f"{lost} lose{'s' if effect.losers == 1 else ''}")
    if not effect.winners and not effect.losers:
        return pick("没有一户的所得改变", "no household's money changes")
    if not effect.losers:
        return gain + pick("，没有一户受损", ", none loses")
    if not effect.winners:
        return loss + pick("，没有一户受益", ", none gains")
    return gain + pick("，", ", ") + loss
