"""Writing into the text of a reform, as the form's small fields do: one change is one line, the rest stays as it was written."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from zhida.kernel.text import Text

WAYS = {
    "value": Text("改为", "Becomes"),
    "multiply": Text("乘以", "Times"),
    "add": Text("加上", "Plus"),
    "budget": Text("按一年预算（元）倒推", "As high as a budget of so many yuan a year carries"),
}
_PARAMETERS = re.compile(r"^parameters:\s*(#.*)?$")
_TARGET = re.compile(r"^target:")
# A mistake as the engine writes it: file, line, sentence.
_PLACED = re.compile(r"^[^:：\s]+:(\d+)[:：]\s*(.*)$", re.DOTALL)


def blank(month: str) -> str:
    """Return what a new reform begins with. month: its first month."""
    return (
        f"title: {{zh: 新的改革, en: A new reform}}\nnote: {{zh: 为什么改、为了谁, en: 'Why, and for whom'}}\nfrom: {month}\nparameters:\n"
    )


def number_of(written: str) -> Decimal | None:
    """Read a number as people type it; None where it is none.

    >>> number_of(" 1,200.50 "), number_of("ten")
    (Decimal('1200.50'), None)
    """
    try:
        found = Decimal(written.strip().replace(",", "").replace("，", ""))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def with_change(text: str, name: str, way: str, number: Decimal) -> str | None:
    """Return a reform's text with one more change, or with another one for the same number; None where the text leaves no place for it.

    >>> print(with_change("from: 2025-10\\nparameters:\\n  a: 1", "b", "multiply", Decimal("1.1")))
    from: 2025-10
    parameters:
      b: {multiply: 1.1}
      a: 1
    <BLANKLINE>
    """
    lines = text.rstrip().split("\n")
    if way == "budget":
        kept = [line for line in lines if not _TARGET.match(line)]
        return "\n".join([*kept, f"target: {{parameter: {name}, budget: {number:f}}}"]) + "\n"
    change = f"  {name}: {number:f}" if way == "value" else f"  {name}: {{{way}: {number:f}}}"
    same = next((place for place, line in enumerate(lines) if re.match(rf"^\s+{re.escape(name)}:\s*\S", line)), None)
    begin = next((place for place, line in enumerate(lines) if _PARAMETERS.match(line)), None)
    if same is not None:
        lines[same] = change
    elif begin is not None:
        lines.insert(begin + 1, change)
    elif any(line.startswith("parameters:") for line in lines):
        return None
    else:
        lines += ["parameters:", change]
    return "\n".join(lines) + "\n"


def placed(problem: Text) -> tuple[int, Text]:
    """Return the line a mistake is about, 0 where it names none, and its sentence.

    >>> placed(Text("reform.yaml:4：没有参数 x。", "reform.yaml:4: there is no 'x'."))
    (4, Text(zh='没有参数 x。', en="there is no 'x'."))
    """
    zh, en = _PLACED.match(problem.zh), _PLACED.match(problem.en)
    if zh is None or en is None:
        return 0, problem
    return int(zh[1]), Text(zh[2], en[2])
