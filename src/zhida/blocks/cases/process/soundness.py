"""Whether a join can be left waiting for ever: every way through the choices is walked, without their conditions.

For the validator of declarations, not for reading: two choices on the same value may exclude the way found here.
"""

from zhida.blocks.cases.process.model import Process
from zhida.blocks.cases.process.network import first_step, network
from zhida.blocks.cases.process.steps import Choice, End, Inclusive, Joining, Leave, Parallel, Step
from zhida.blocks.cases.process.words import called
from zhida.kernel.text import Text

MAX_MARKINGS = 5_000

# Where a token stands and whence it came, only told apart at joins.
Token = tuple[str, str]
Marking = tuple[Token, ...]


def stuck_joins(process: Process) -> list[Text]:
    """Return a sentence for each join at which some way through the choices ends with tokens waiting; empty past MAX_MARKINGS ways."""
    spec = network(process)
    steps: dict[str, Step] = {name: step for name, step in spec.task_specs.items() if isinstance(step, Step)}
    begin: Marking = ((first_step(process), ""),)
    seen, todo, found = {begin}, [begin], dict[str, None]()
    while todo and len(seen) < MAX_MARKINGS:
        marking = todo.pop()
        after = _after(marking, steps)
        if not after:
            found.update(dict.fromkeys(name for name, _ in marking))
        for following in after:
            if following and following not in seen:
                seen.add(following)
                todo.append(following)
    return [_sentence(process, steps[name]) for name in found] if len(seen) < MAX_MARKINGS else []


def _sentence(process: Process, step: Step) -> Text:
    name = called(step.element.kind, step.element.name, step.element.id)
    return Text(
        f"{name.zh}可能永远等不齐：前面的选择会让某条分支不走；请改用包容网关，或让每条分支都到达它。",
        f"{name.en} may wait for ever: a choice before it can leave one of its ways without a token. Use an inclusive gateway.",
    )


def _after(marking: Marking, steps: dict[str, Step]) -> list[Marking]:
    """Return the markings that moving the first token that can move leads to; nothing where none can."""
    for token in marking:
        step = steps[token[0]]
        taken = _taken(token, step, marking)
        if taken is None:
            continue
        rest = list(marking)
        for one in taken:
            rest.remove(one)
        if isinstance(step, End) and step.element.terminates:
            rest = [one for one in rest if one[0] not in step.scope]
        return [_marking(rest, out, step.name, steps) for out in _ways(step)]
    return []


def _taken(token: Token, step: Step, marking: Marking) -> list[Token] | None:
    """Return the tokens that a step takes when it goes on, or None while it waits."""
    if not isinstance(step, Joining):
        return [token]
    arrived = {origin: (name, origin) for name, origin in marking if name == step.name}
    elsewhere = [name for name, _ in marking if name != step.name]
    if isinstance(step, Parallel):
        ready = len(arrived) == len(step.inputs)
    elif isinstance(step, Leave):
        ready = not any(name in step.inside for name in elsewhere)
    elif isinstance(step, Inclusive):
        coming = ([way for way, names in step.before.items() if name in names] for name in elsewhere)
        ready = not any(ways and not any(way in arrived for way in ways) for ways in coming)
    return list(arrived.values()) if ready else None


def _ways(step: Step) -> list[list[str]]:
    """Return what may get a token after a step: each way of a choice and, of an inclusive one, all; a timer's way instead of its task's."""
    out = [following.name for following in step.outputs]
    if isinstance(step, Inclusive):
        return [*([name] for name in out), out]
    if isinstance(step, Choice):
        return [[name] for name in out]
    return [out, *([name, *([] if step._wf_spec.task_specs[name].element.interrupting else out)] for name in step.timers)]


def _marking(rest: list[Token], out: list[str], origin: str, steps: dict[str, Step]) -> Marking:
    return tuple(sorted([*rest, *((name, origin if isinstance(steps[name], Joining) else "") for name in out)]))
