"""YAML, read safely and by libyaml where the package brings it: ten times as fast, which every start of a process feels."""

from __future__ import annotations

from typing import Any

import yaml

SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(written: str) -> Any:
    """Return what a YAML text says. Raises: yaml.YAMLError with line and column."""
    return yaml.load(written, SafeLoader)


# Deeper than this nobody writes, and a composer that calls itself runs out of stack far below it.
NESTING_MAX = 30


class WildYaml(yaml.YAMLError):
    """YAML that could grow while it is read; ``problem`` and ``problem_mark`` as PyYAML's own errors have them."""

    def __init__(self, problem: str, mark: Any) -> None:
        self.problem, self.problem_mark = problem, mark
        super().__init__(problem)


def refuse_wild(written: str) -> None:
    """Raise WildYaml for anchors, of which a few lines unfold without end, and for nesting without end.

    For text from outside, before it is composed: libyaml gives events one by one, but builds documents by recursion.
    """
    depth = 0
    for event in yaml.parse(written, SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > NESTING_MAX:
            raise WildYaml(f"it is nested more than {NESTING_MAX} levels deep", event.start_mark)
        if getattr(event, "anchor", None) is not None:
            raise WildYaml("& and * are not allowed, write it out", event.start_mark)
