"""A whole program as assembly: one function per loop, and ``run``, which takes block after block of whole groups through all of them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhida.engine.entities import FactDefinition
from zhida.engine.fused import members
from zhida.engine.fused.assembly import FOOTER, LARGE, Body, Slots, Value, loop
from zhida.engine.fused.cells import CELLS
from zhida.engine.fused.layout import Layout, Pass, gathers, lay_out, plain
from zhida.engine.fused.ranges import Limits, Range, clipped, of_fact, of_node
from zhida.engine.graph import Node

FLAG = ("flag",)
Fact = tuple[str, str]


@dataclass(frozen=True)
class Column:
    """How a fact's column lies in memory. kind: i8, i16, i32, i64, or ``b`` for bytes of yes/no. gaps: it comes with a mask."""

    kind: str
    gaps: bool


@dataclass(frozen=True)
class Output:
    """What is wanted of every row: a benefit's decision, or a variable's value."""

    name: str
    node: Node
    is_benefit: bool
    occasion: Node | None = None

    @property
    def nodes(self) -> list[Node]:
        return [node for node in (self.node, self.occasion) if node is not None]


@dataclass
class Written:
    """Assembly, the slots that it is called with, and what is known of buffers: bytes per row by slot and entity."""

    text: str
    slots: Slots
    buffers: dict[Hashable, tuple[str, int]]
    entities: list[str]
    # For each array of answers its entity and type.
    answers: dict[tuple[str, str], tuple[str, str]]


class Writer:
    """Writes one program for columns of one form."""

    def __init__(
        self,
        outputs: Sequence[Output],
        facts: Mapping[Fact, FactDefinition],
        columns: Mapping[Fact, Column],
        entities: Sequence[str],
        constants: Mapping[int, Any],
        limits: Limits,
    ) -> None:
        self._outputs, self._facts, self._columns, self._constants, self._limits = outputs, facts, columns, constants, limits
        # The root comes first.
        self._entities, self._root = list(entities), entities[0]
        self._layout: Layout = lay_out(
            [node for output in outputs for node in output.nodes], self._root, [output.nodes for output in outputs]
        )
        self.slots = Slots()
        self._ranges: dict[int, Range] = {}
        self._buffers: dict[Hashable, tuple[str, int]] = {}
        self._may_miss: set[int] = set()
        self._roles: dict[int, set[str]] = {}
        self._functions: list[str] = []
        self._answers: dict[tuple[str, str], tuple[str, str]] = {}

    def write(self) -> Written:
        flag = self.slots.of(FLAG)
        for entity in self._entities:
            self._check_facts(entity, flag)
        for one in self._layout.passes:
            self._compute(one, flag)
            self._gather(one)
            for node in one.ranks:
                self._rank(node)
        text = "\n\n".join([*self._functions, self._run(), FOOTER])
        return Written(text, self.slots, self._buffers, self._entities, self._answers)

    # -- the loops --

    def _check_facts(self, entity: str, flag: int) -> None:
        """Watch every fact whose column could hold more than the fact's range."""
        body = Body(self.slots)
        for fact, column in self._columns.items():
            low, high = of_fact(self._facts[fact], self._limits)
            bits = {"b": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64}[column.kind]
            if fact[0] != entity or self._facts[fact].kind == "bool" or (low <= -(2 ** (bits - 1)) and high >= 2 ** (bits - 1) - 1):
                continue
            shifted = body.let(f"sub i64 {self._fact(body, fact, '%i').data}, {low}")
            body.watch(body.let(f"icmp ugt i64 {shifted}, {high - low}"), LARGE)
        if body.watched:
            self._add(lambda name: loop(name, self._entities, entity, body, flag))

    def _add(self, write: Any) -> None:
        self._functions.append(write(f"loop{len(self._functions)}"))

    def _compute(self, one: Pass, flag: int) -> None:
        """Write the loop of a pass: its nodes, what is kept of them, and the outputs that are complete with it."""
        body = Body(self.slots)
        values: dict[int, Value] = {}
        for node in one.nodes:
            value = values[id(node)] = self._value(body, node, values)
            if value.known is not None:
                self._may_miss.add(id(node))
            if id(node) in self._layout.kept:
                self._keep(body, node, value)
        for output in self._outputs:
            if output.node.shape.entity == one.entity and max(self._layout.pass_of(node) for node in output.nodes) == one.number:
                self._write_output(body, output, values)
        if body.lines:
            self._add(lambda name: loop(name, self._entities, one.entity, body, flag))

    def _keep(self, body: Body, node: Node, value: Value) -> None:
        slot, entity = ("kept", id(node)), node.shape.entity
        body.store_value(slot, node.shape.kind, "%i", value, f"%lo_{entity}")
        self._buffers[slot] = entity, 1 if node.shape.kind == "bool" else 8
        if value.known is not None:
            self._buffers[(slot, "known")] = entity, 1

    def _gather(self, one: Pass) -> None:
        groups = dict.fromkeys(node.shape.entity for node in one.gathers)
        for group in groups:
            body = Body(self.slots, parallel=False)
            lists: list[members.Accumulator] = []
            owners: list[Node] = []
            for node in (node for node in one.gathers if node.shape.entity == group):
                ranges = [self._range(arg) for arg in node.args]
                found = members.contributions(body, node, "%j", self._read, ranges, self._limits)
                self._roles[id(node)] = {each.role for each in found}
                for each in found:
                    self._buffers[members.slot_of(node, each.role)] = group, 1 if each.kind == "i1" else 8
                lists += found
                owners += [node] * len(found)
            self._add(
                lambda name, group=group, lists=lists, owners=owners, body=body: members.over_members(
                    name, self._entities, one.entity, group, self._root, self.slots, lists, owners, body
                )
            )

    def _rank(self, node: Node) -> None:
        self._buffers[members.slot_of(node, "place")] = node.shape.entity, 8
        self._buffers[members.slot_of(node, "sure")] = node.shape.entity, 1
        self._add(lambda name: members.ranks(name, self._entities, node, self._root, self.slots, self._read))

    def _write_output(self, body: Body, output: Output, values: Mapping[int, Value]) -> None:
        value = self._operand(body, output.node, values, "%i")
        if not output.is_benefit:
            self._write_variable(body, output, value)
            return
        entitled, unknown = body.let(f"icmp sgt i64 {value.data}, 0"), None
        if value.known is not None:
            unknown = body.negated(value.known)
        if output.occasion is not None:
            occasion = self._operand(body, output.occasion, values, "%i")
            data = occasion.data if output.occasion.shape.kind != "bool" else body.let(f"zext i1 {occasion.data} to i64")
            self._answer(body, "occasion", output, "int64", data)
            if occasion.known is not None:
                unnamed = body.let(f"and i1 {body.negated(occasion.known)}, {entitled}")
                unknown = unnamed if unknown is None else body.let(f"or i1 {unknown}, {unnamed}")
        granted = entitled if unknown is None else body.let(f"and i1 {entitled}, {body.negated(unknown)}")
        self._answer(body, "amount", output, "int64", body.let(f"select i1 {granted}, i64 {value.data}, i64 0"))
        status = body.let(f"zext i1 {granted} to i8")
        self._answer(body, "status", output, "int8", status if unknown is None else body.let(f"select i1 {unknown}, i8 2, i8 {status}"))

    def _write_variable(self, body: Body, output: Output, value: Value) -> None:
        """Write a variable in as few bytes as its range needs: memory is what a large batch waits for."""
        if output.node.shape.kind == "bool":
            self._answer(body, "value", output, "bool", body.let(f"zext i1 {value.data} to i8"))
        else:
            low, high = self._range(output.node)
            bits = next(bits for bits in (8, 16, 32, 64) if low >= -(2 ** (bits - 1)) and high < 2 ** (bits - 1))
            self._answer(body, "value", output, f"int{bits}", value.data if bits == 64 else body.let(f"trunc i64 {value.data} to i{bits}"))
        if value.known is not None:
            self._answer(body, "known", output, "bool", body.let(f"zext i1 {value.known} to i8"))

    def _answer(self, body: Body, role: str, output: Output, kind: str, data: str) -> None:
        """Store one row of an array of answers."""
        slot = (role, output.name)
        self._answers[slot] = output.node.shape.entity, kind
        body.store(slot, "i8" if kind == "bool" else kind.replace("int", "i"), "%i", data)

    def _run(self) -> str:
        """Write the function that takes the root's rows from first to last through all loops, a block at a time."""
        lines = ["define void @run(ptr %c, i64 %first, i64 %last, i64 %size) #0 {", "entry:"]
        body = Body(self.slots, parallel=False)
        arguments = []
        for entity in self._entities:
            low, high = f"%lo_{entity}", f"%hi_{entity}"
            arguments += [f"i64 {low}", f"i64 {high}"]
            if entity == self._root:
                continue
            for name, row in ((low, f"%lo_{self._root}"), (high, f"%hi_{self._root}")):
                place = body.let(f"getelementptr i64, ptr {body.pointer(('starts', entity))}, i64 {row}")
                body.lines.append(f"  {name} = load i64, ptr {place}")
        calls = [f"  call void @loop{number}({', '.join(['ptr %c', *arguments])})" for number in range(len(self._functions))]
        lines += [*body.before, "  %some = icmp slt i64 %first, %last", "  br i1 %some, label %block, label %exit", "block:"]
        lines += [f"  %lo_{self._root} = phi i64 [ %first, %entry ], [ %hi_{self._root}, %block ]"]
        lines += [f"  %end = add i64 %lo_{self._root}, %size"]
        lines += [f"  %hi_{self._root} = call i64 @llvm.smin.i64(i64 %end, i64 %last)", *body.lines, *calls]
        lines += [f"  %more = icmp slt i64 %hi_{self._root}, %last", "  br i1 %more, label %block, label %exit"]
        return "\n".join([*lines, "exit:", "  ret void", "}"])

    # -- values --

    def _value(self, body: Body, node: Node, values: Mapping[int, Value]) -> Value:
        """Write the value of a node in its own pass (row ``%i``)."""
        first = f"%lo_{node.shape.entity}"
        if gathers(node, self._root):
            default = self._operand(body, node.args[-1], values, "%i") if node.op in ("highest", "lowest") else None
            return members.gathered_value(body, node, self._roles[id(node)], "%i", first, default)
        if node.op == "rank":
            slot = members.slot_of(node, "place")
            return Value(body.load(slot, "i64", "%i", first), body.load_flag(members.slot_of(node, "sure"), "%i", first))
        if node.op == "project":
            above = plain(node.args[0])
            parent = body.load(("parent", node.shape.entity, above.shape.entity), "i32", "%i")
            return self._read(body, above, body.let(f"sext i32 {parent} to i64"))
        if node.op == "size":
            return self._size(body, node)
        args = [self._operand(body, arg, values, "%i") for arg in node.args]
        return CELLS[node.op](body, node, args, [self._range(arg) for arg in node.args])

    def _size(self, body: Body, node: Node) -> Value:
        starts = ("starts", str(node.payload))
        begin, end = body.load(starts, "i64", "%i"), body.load(starts, "i64", body.let("add i64 %i, 1"))
        return Value(body.let(f"sub i64 {end}, {begin}"))

    def _operand(self, body: Body, node: Node, values: Mapping[int, Value], index: str) -> Value:
        node = plain(node)
        return values[id(node)] if id(node) in values else self._read(body, node, index)

    def _read(self, body: Body, node: Node, index: str) -> Value:
        """Write the value of a row that no loop around computes: a literal, a fact, or what an earlier pass kept."""
        node = plain(node)
        if not node.shape.entity:
            return self._literal(node)
        if node.op == "fact":
            return self._fact(body, (str(node.payload[0]), str(node.payload[1])), index)
        if node.op == "every":
            return Value("true")
        slot, first = ("kept", id(node)), f"%lo_{node.shape.entity}"
        read = body.load_flag if node.shape.kind == "bool" else lambda slot, index, first: body.load(slot, "i64", index, first)
        known = body.load_flag((slot, "known"), index, first) if id(node) in self._may_miss else None
        return Value(read(slot, index, first), known)

    def _literal(self, node: Node) -> Value:
        value = self._constants[id(node)]
        is_bool = node.shape.kind == "bool"
        if value is None:
            return Value("false" if is_bool else "0", "false")
        return Value(str(bool(value)).lower() if is_bool else str(int(value)))

    def _fact(self, body: Body, fact: Fact, index: str) -> Value:
        column, slot = self._columns[fact], ("fact", *fact)
        known = body.load_flag((slot, "known"), index) if column.gaps else None
        if column.kind == "b":
            flag = body.load_flag(slot, index)
            return Value(flag if known is None else body.let(f"and i1 {flag}, {known}"), known)
        data = body.load(slot, column.kind, index)
        if column.kind != "i64":
            data = body.let(f"sext {column.kind} {data} to i64")
        if self._facts[fact].kind == "bool":
            flag = body.let(f"icmp ne i64 {data}, 0")
            return Value(flag if known is None else body.let(f"and i1 {flag}, {known}"), known)
        return Value(data if known is None else body.let(f"select i1 {known}, i64 {data}, i64 0"), known)

    def _range(self, node: Node) -> Range:
        node = plain(node)
        if id(node) not in self._ranges:
            if node.op == "fact":
                found = of_fact(self._facts[(str(node.payload[0]), str(node.payload[1]))], self._limits)
            elif not node.shape.entity:
                value = int(self._constants[id(node)] or 0)
                found = value, value
            else:
                found = of_node(node, [self._range(arg) for arg in node.args], self._limits)
            self._ranges[id(node)] = clipped(found)
        return self._ranges[id(node)]


__all__ = ["FLAG", "Column", "Fact", "Output", "Writer", "Written"]
