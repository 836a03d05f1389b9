"""Loops between a group and its members in assembly: the counterparts of member_kernels.py.

A gathering node is made of accumulators, one value of each per group: sums, extremes, or whether something held for some member. The loop
over members fills them; the pass of the group turns them into the node's value.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from zhida.engine.column_values import LIMIT
from zhida.engine.fused.assembly import Body, Slots, Value, signature
from zhida.engine.fused.ranges import Limits, Range
from zhida.engine.graph import Node

Read = Callable[[Body, Node, str], Value]
_FUNCTIONS = {"add": "add i64 {}, {}", "or": "or i64 {}, {}", "some": "or i1 {}, {}"}
_FUNCTIONS |= {"most": "call i64 @llvm.smax.i64(i64 {}, i64 {})", "least": "call i64 @llvm.smin.i64(i64 {}, i64 {})"}
_START = {"add": "0", "or": "0", "some": "false", "most": str(-LIMIT), "least": str(LIMIT)}


@dataclass
class Accumulator:
    """One value per group, and what a member adds to it. ``role``: what it means to the node."""

    role: str
    function: str
    value: str

    @property
    def kind(self) -> str:
        return "i1" if self.function == "some" else "i64"

    @property
    def start(self) -> str:
        return _START[self.function]

    def joined(self, body: Body, before: str) -> str:
        return body.let(_FUNCTIONS[self.function].format(before, self.value))


def slot_of(node: Node, role: str) -> Hashable:
    return ("gathered", id(node), role)


def contributions(body: Body, node: Node, index: str, read: Read, ranges: Sequence[Range], limits: Limits) -> list[Accumulator]:
    """Return what one member adds to a gathering node: see member_kernels for the rules of what is unknown."""
    if node.op == "size":
        return [Accumulator("found", "add", "1")]
    value = read(body, node.args[0], index)
    test = read(body, node.args[1], index) if node.payload[1] else None
    match node.op:
        case "total" | "union":
            return _summed(body, node, value, test, ranges[0], limits)
        case "count":
            yes = value.data if test is None else body.let(f"and i1 {value.data}, {test.data}")
            found = [Accumulator("found", "add", body.let(f"zext i1 {yes} to i64"))]
            return found + _undecided(body, value, test, value.data)
        case "any":
            yes = value.data if test is None else body.let(f"and i1 {value.data}, {test.data}")
            return [Accumulator("found", "some", yes), *_undecided(body, value, test, value.data)]
        case "all":
            no = body.negated(value.data)
            no = no if value.known is None else body.let(f"and i1 {no}, {value.known}")
            against = no if test is None else body.let(f"and i1 {no}, {test.data}")
            return [Accumulator("found", "some", against), *_undecided(body, value, test, no)]
    function = "most" if node.op == "highest" else "least"
    used = value.data if test is None else body.let(f"select i1 {test.data}, i64 {value.data}, i64 {_START[function]}")
    members = Accumulator("members", "some", "true" if test is None else test.data)
    return [Accumulator("found", function, used), members, *_undecided(body, value, test, "true")]


def _summed(body: Body, node: Node, value: Value, test: Value | None, wide: Range, limits: Limits) -> list[Accumulator]:
    usable = body.both(value.known, None if test is None else test.data)
    counted = value.data if usable is None else body.let(f"select i1 {usable}, i64 {value.data}, i64 0")
    matters = body.let(f"icmp ne i64 {value.data}, 0") if test is not None and test.known is not None else "true"
    found = [Accumulator("found", "add" if node.op == "total" else "or", counted)]
    limit = 2**63 // limits.group - 1
    if node.op == "total" and max(abs(wide[0]), abs(wide[1])) > limit:
        # So large that a group's sum could pass 64 bits.
        size = body.let(f"call i64 @llvm.abs.i64(i64 {counted}, i1 false)")
        found.append(Accumulator("beyond", "some", body.let(f"icmp ugt i64 {size}, {limit}")))
    return found + _undecided(body, value, test, matters)


def _undecided(body: Body, value: Value, test: Value | None, matters: str) -> list[Accumulator]:
    """Whether a member's part in a result is unknown: counted but unknown, or maybe counted and not plainly nothing."""
    found = None
    if value.known is not None:
        found = body.negated(value.known)
        if test is not None:
            maybe_matters = body.let(f"or i1 {matters}, {found}")
            found = body.let(f"and i1 {test.data}, {found}")
            matters = maybe_matters
    if test is not None and test.known is not None:
        found = body.either(found, body.let(f"and i1 {body.negated(test.known)}, {matters}"))
    return [] if found is None else [Accumulator("undecided", "some", found)]


def gathered_value(body: Body, node: Node, roles: set[str], index: str, first: str, default: Value | None) -> Value:
    """Turn a group's accumulators into the node's value."""

    def flag(role: str) -> str | None:
        return body.load_flag(slot_of(node, role), index, first) if role in roles else None

    undecided = flag("undecided")
    sure = None if undecided is None else body.negated(undecided)
    if (beyond := flag("beyond")) is not None:
        body.watch(beyond)
    match node.op:
        case "total" | "union" | "count" | "size":
            return Value(body.load(slot_of(node, "found"), "i64", index, first), sure)
        case "any":
            found = body.load_flag(slot_of(node, "found"), index, first)
            return Value(found, None if sure is None else body.let(f"or i1 {found}, {sure}"))
        case "all":
            against = body.load_flag(slot_of(node, "found"), index, first)
            yes = body.both(body.negated(against), sure)
            return Value(str(yes), None if sure is None else body.let(f"or i1 {against}, {sure}"))
    assert default is not None
    found, members = body.load(slot_of(node, "found"), "i64", index, first), flag("members")
    data = body.let(f"select i1 {members}, i64 {found}, i64 {default.data}")
    return Value(data, body.both(sure, default.known))


# ---- the loops themselves ---------------------------------------------------------------------------------------------------------------


def over_members(name: str, entities: list[str], member: str, group: str, root: str, slots: Slots, lists: list[Accumulator],
                 owners: Sequence[Node], body: Body) -> str:  # fmt: skip
    """Return a function that fills the accumulators of groups from the members in ``body`` (row ``%j``)."""
    write = _along_spans if group == root else _by_parent
    return write(name, entities, member, group, slots, lists, owners, body)


def _along_spans(name: str, entities: list[str], member: str, group: str, slots: Slots, lists: list[Accumulator],
                 owners: Sequence[Node], body: Body) -> str:  # fmt: skip
    """Members of a root row stand side by side: the accumulators stay in registers."""
    after, before = Body(slots, parallel=False), Body(slots, parallel=False)
    after.pointers, after.before, after._count = body.pointers, body.before, 100_000
    before.pointers, before.before, before._count = body.pointers, body.before, 200_000
    starts = ("starts", member)
    begin, end = before.load(starts, "i64", "%r"), before.load(starts, "i64", before.let("add i64 %r, 1"))
    updated = [one.joined(body, f"%a{place}") for place, one in enumerate(lists)]
    for place, (one, node) in enumerate(zip(lists, owners, strict=True)):
        _keep(after, one, node, "%r", f"%t{place}", group)
    lines = [f"define internal void @{name}({signature(entities)}) #1 {{", "entry:", *body.before]
    lines += [f"  %some = icmp slt i64 %lo_{group}, %hi_{group}", "  br i1 %some, label %group, label %exit", "group:"]
    lines += [f"  %r = phi i64 [ %lo_{group}, %entry ], [ %next, %kept ]", *before.lines]
    lines += [f"  %has = icmp slt i64 {begin}, {end}", "  br i1 %has, label %member, label %kept", "member:"]
    lines += [f"  %j = phi i64 [ {begin}, %group ], [ %jn, %member ]"]
    lines += [f"  %a{p} = phi {one.kind} [ {one.start}, %group ], [ {updated[p]}, %member ]" for p, one in enumerate(lists)]
    lines += [*body.lines, "  %jn = add nuw nsw i64 %j, 1", f"  %last = icmp slt i64 %jn, {end}"]
    lines += ["  br i1 %last, label %member, label %kept", "kept:"]
    lines += [f"  %t{p} = phi {one.kind} [ {one.start}, %group ], [ {updated[p]}, %member ]" for p, one in enumerate(lists)]
    lines += [*after.lines, "  %next = add nuw nsw i64 %r, 1", f"  %more = icmp slt i64 %next, %hi_{group}"]
    return "\n".join([*lines, "  br i1 %more, label %group, label %exit", "exit:", "  ret void", "}"])


def _keep(body: Body, one: Accumulator, node: Node, row: str, value: str, group: str) -> None:
    slot, first = slot_of(node, one.role), f"%lo_{group}"
    if one.kind == "i1":
        body.store_flag(slot, row, value, first)
    else:
        body.store(slot, "i64", row, value, first)


def _by_parent(name: str, entities: list[str], member: str, group: str, slots: Slots, lists: list[Accumulator],
               owners: Sequence[Node], body: Body) -> str:  # fmt: skip
    """Members of an inner group may stand anywhere in the block: each adds to its group's accumulators in memory."""
    clear, add = Body(slots, parallel=False), Body(slots, parallel=False)
    for other, start in ((clear, 100_000), (add, 200_000)):
        other.pointers, other.before, other._count = body.pointers, body.before, start
    for one, node in zip(lists, owners, strict=True):
        _keep(clear, one, node, "%r", one.start, group)
    parent = add.let(f"sext i32 {add.load(('parent', member, group), 'i32', '%j')} to i64")
    for one, node in zip(lists, owners, strict=True):
        slot, first = slot_of(node, one.role), f"%lo_{group}"
        if one.kind == "i1":
            before = add.let(f"icmp ne i8 {_reloaded(add, slot, 'i8', parent, first)}, 0")
        else:
            before = _reloaded(add, slot, "i64", parent, first)
        _keep(add, one, node, parent, one.joined(add, before), group)
    lines = [f"define internal void @{name}({signature(entities)}) #1 {{", "entry:", *body.before]
    lines += [f"  %some = icmp slt i64 %lo_{group}, %hi_{group}", "  br i1 %some, label %group, label %exit", "group:"]
    lines += [f"  %r = phi i64 [ %lo_{group}, %entry ], [ %next, %group ]", *clear.lines]
    lines += ["  %next = add nuw nsw i64 %r, 1", f"  %more = icmp slt i64 %next, %hi_{group}"]
    lines += ["  br i1 %more, label %group, label %cleared", "cleared:"]
    lines += [f"  %has = icmp slt i64 %lo_{member}, %hi_{member}", "  br i1 %has, label %member, label %exit", "member:"]
    lines += [f"  %j = phi i64 [ %lo_{member}, %cleared ], [ %jn, %member ]", *body.lines, *add.lines]
    lines += ["  %jn = add nuw nsw i64 %j, 1", f"  %last = icmp slt i64 %jn, %hi_{member}"]
    return "\n".join([*lines, "  br i1 %last, label %member, label %exit", "exit:", "  ret void", "}"])


def _reloaded(body: Body, slot: Hashable, kind: str, index: str, first: str) -> str:
    place = body.let(f"getelementptr {kind}, ptr {body.pointer(slot, first, kind)}, i64 {index}")
    return body.let(f"load {kind}, ptr {place}")


def ranks(name: str, entities: list[str], node: Node, root: str, slots: Slots, read: Read) -> str:
    """Return a function that numbers the members of each group: each is compared with every other of its root row."""
    member, (group, filtered, keyed) = node.shape.entity, node.payload
    mine, other, after = (Body(slots, parallel=False) for _ in range(3))
    for each, start in ((other, 100_000), (after, 200_000)):
        each.pointers, each.before, each._count = mine.pointers, mine.before, start
    keys = node.args[len(node.args) - keyed :]
    own, own_keys = read(mine, node.args[0], "%i"), [read(mine, key, "%i") for key in keys]
    value = read(other, node.args[0], "%j")
    test = read(other, node.args[1], "%j") if filtered else Value("true")
    same = _same_group(mine, other, member, str(group), root)
    alike = same
    for key, own_key, of in zip((read(other, key, "%j") for key in keys), own_keys, keys, strict=True):
        kind = "i1" if of.shape.kind == "bool" else "i64"
        alike = str(other.both(alike, other.let(f"icmp eq {kind} {own_key.data}, {key.data}")))
    part = str(other.both(alike, test.data))
    smaller = other.let(f"icmp slt i64 {value.data}, {own.data}")
    equal = other.let(f"icmp eq i64 {value.data}, {own.data}")
    earlier = other.let(f"and i1 {equal}, {other.let('icmp slt i64 %j, %i')}")
    ahead = other.let(f"and i1 {part}, {other.let(f'or i1 {smaller}, {earlier}')}")
    place = other.let(f"add i64 %place, {other.let(f'zext i1 {ahead} to i64')}")
    unsure = _unsure(other, value, test if filtered else None, alike, same, [read(other, key, "%j") for key in keys])
    lost = other.let(f"or i1 %lost, {unsure}")
    own_test = read(after, node.args[1], "%i") if filtered else Value("true")
    after.store(slot_of(node, "place"), "i64", "%i", after.let(f"select i1 {own_test.data}, i64 {place}, i64 0"), f"%lo_{member}")
    known = after.negated(lost)
    for key in own_keys:
        known = str(after.both(known, key.known))
    after.store_flag(slot_of(node, "sure"), "%i", known, f"%lo_{member}")
    spans = Body(slots, parallel=False)
    spans.pointers, spans.before, spans._count = mine.pointers, mine.before, 300_000
    starts = ("starts", member)
    begin, end = spans.load(starts, "i64", "%r"), spans.load(starts, "i64", spans.let("add i64 %r, 1"))
    lines = [f"define internal void @{name}({signature(entities)}) #1 {{", "entry:", *mine.before]
    lines += [f"  %some = icmp slt i64 %lo_{root}, %hi_{root}", "  br i1 %some, label %group, label %exit", "group:"]
    lines += [f"  %r = phi i64 [ %lo_{root}, %entry ], [ %next, %done ]", *spans.lines]
    lines += [f"  %has = icmp slt i64 {begin}, {end}", "  br i1 %has, label %mine, label %done", "mine:"]
    lines += [f"  %i = phi i64 [ {begin}, %group ], [ %in, %kept ]", *mine.lines, "  br label %other", "other:"]
    lines += [f"  %j = phi i64 [ {begin}, %mine ], [ %jn, %other ]", f"  %place = phi i64 [ 1, %mine ], [ {place}, %other ]"]
    lines += [f"  %lost = phi i1 [ false, %mine ], [ {lost}, %other ]", *other.lines]
    lines += ["  %jn = add nuw nsw i64 %j, 1", f"  %last = icmp slt i64 %jn, {end}", "  br i1 %last, label %other, label %kept"]
    lines += ["kept:", *after.lines, "  %in = add nuw nsw i64 %i, 1", f"  %again = icmp slt i64 %in, {end}"]
    lines += ["  br i1 %again, label %mine, label %done", "done:", "  %next = add nuw nsw i64 %r, 1"]
    lines += [f"  %more = icmp slt i64 %next, %hi_{root}", "  br i1 %more, label %group, label %exit"]
    return "\n".join([*lines, "exit:", "  ret void", "}"])


def _same_group(mine: Body, other: Body, member: str, group: str, root: str) -> str:
    """Whether two members of one root row are of the same group."""
    if group == root:
        return "true"
    slot = ("parent", member, group)
    return other.let(f"icmp eq i32 {mine.load(slot, 'i32', '%i')}, {other.load(slot, 'i32', '%j')}")


def _unsure(body: Body, value: Value, test: Value | None, alike: str, same: str, keys: Sequence[Value]) -> str:
    """Whether the other member leaves a rank unknown: its own value is, or it may take part and its key is."""
    found = "false"
    for one in _undecided(body, value, test, "true"):
        found = body.let(f"and i1 {alike}, {one.value}")
    known = None
    for key in keys:
        known = body.both(known, key.known)
    if known is not None:
        stray = body.let(f"and i1 {same}, {body.negated(known)}")
        if test is not None:
            maybe = test.data if test.known is None else body.let(f"or i1 {test.data}, {body.negated(test.known)}")
            stray = body.let(f"and i1 {stray}, {maybe}")
        found = body.let(f"or i1 {found}, {stray}")
    return found
