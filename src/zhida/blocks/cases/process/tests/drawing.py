"""Small BPMN files for tests, written in a line or two."""

import itertools
from xml.sax.saxutils import escape, quoteattr

from zhida.blocks.cases.process import Process, read_process

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:c="http://camunda.org/schema/1.0/bpmn" id="d">'


def node(kind: str, key: str, inner: str = "", **attributes: str) -> str:
    """Return one element, e.g. ``node("userTask", "a", name="Register")``."""
    return f"<{kind} id={quoteattr(key)}{''.join(f' {name}={quoteattr(value)}' for name, value in attributes.items())}>{inner}</{kind}>"


def flow(source: str, target: str, condition: str = "", key: str = "") -> str:
    """Return an arrow; its id is ``source-target`` unless given."""
    inner = f"<conditionExpression>{escape(condition)}</conditionExpression>" if condition else ""
    return node("sequenceFlow", key or f"{source}-{target}", inner, sourceRef=source, targetRef=target)


def chain(*keys: str) -> str:
    """Return arrows from each to the next."""
    return "".join(flow(source, target) for source, target in itertools.pairwise(keys))


def timer(kind: str, key: str, duration: str, word: str = "timeDuration", **attributes: str) -> str:
    """Return a waiting event."""
    return node(kind, key, f"<timerEventDefinition><{word}>{duration}</{word}></timerEventDefinition>", **attributes)


def bpmn(*parts: str, attributes: str = 'isExecutable="true"') -> bytes:
    """Return a whole file with one process ``p`` that has a start ``s`` and an end ``e``."""
    inside = node("startEvent", "s") + node("endEvent", "e") + "".join(parts)
    return f'{HEAD}<process id="p" {attributes}>{inside}</process></definitions>'.encode()


def drawn(*parts: str) -> Process:
    """Return the process that these parts make."""
    return read_process(bpmn(*parts), "test.bpmn")
