"""Decision tables: DMN 1.1 to 1.5 read, checked, and decided for one case or a whole column.

    document.py  bytes to XML elements, without entities, files or network
    reading.py   elements to tables; what is not supported is refused with the element's id
    table.py     what a table is, and how it decides one case, with the rules that fired and the facts that are missing
    overlaps.py  at reading time: rules that overlap against their policy, and inputs that no rule covers
    points.py    values that stand for all values of a column
    lowering.py  a table as nodes of the engine's graph
    columns.py   the graph over columns, with the engine's kernels

One case and a column are decided by code written apart; a property test holds them equal.

**Unknown is not no.** A rule with an unknown cell may or may not fire. The answer is known only where every rule that may fire gives the
same; else it is unknown and names the inputs it waits for. A value that is not among the allowed ones, or of another kind than declared,
counts as unknown.
"""

from zhida.engine.dmn.columns import TableColumns
from zhida.engine.dmn.errors import DmnRefused
from zhida.engine.dmn.reading import read_dmn
from zhida.engine.dmn.table import Decided, DecisionTable

__all__ = ["Decided", "DecisionTable", "DmnRefused", "TableColumns", "read_dmn"]
