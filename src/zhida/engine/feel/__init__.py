"""Conditions and cells as people write them: the part of FEEL (DMN 1.3, chapter 10) that gateways and decision tables need.

    tokens.py   a text to words with their columns
    tree.py     what an expression is, and the kind of its value
    words.py    the words one by one, and trees built from them with their checks
    parser.py   words to a tree; whatever is not in the part is refused with what to write instead
    meaning.py  a tree and values to an answer

A value is a text, a yes/no, a date, a number (exact, at most six decimals, half up as everywhere in the engine) or None: unknown. Unknown
is not no: a comparison with it is unknown, ``false and unknown`` is false, ``true or unknown`` is true. ``x = null`` asks whether x is
unknown and is itself always known. Comparing two values of different kinds, or dividing by zero, is unknown, as in FEEL.
"""

from zhida.engine.feel.errors import FeelError
from zhida.engine.feel.parser import Expression, parse_expression, parse_tests

__all__ = ["Expression", "FeelError", "parse_expression", "parse_tests"]
