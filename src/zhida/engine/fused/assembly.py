"""LLVM assembly as text: names for values, and functions that loop over the rows of a block.

A value of a row is ``(data, known)``: data the name of an i64 (numbers, dates, codes) or an i1 (yes/no), or a literal; known the name of an
i1, or None where the value is always known. Under a gap, yes/no data is false and other data is some number in the node's range.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

# Why a kernel gives a chunk back: a fact larger than its limits; a result, or a day, that it cannot vouch for.
LARGE, BEYOND = 1, 2


class Value(NamedTuple):
    """One row's value in assembly."""

    data: str
    known: str | None = None


class Slots:
    """The pointers a kernel is called with, by what they stand for; the caller fills them in this order."""

    def __init__(self) -> None:
        self.index: dict[Hashable, int] = {}
        self.arrays: dict[Hashable, Any] = {}

    def of(self, key: Hashable) -> int:
        return self.index.setdefault(key, len(self.index))


class Body:
    """The text of one loop: its pointers, loaded once before it, and the lines of one row."""

    def __init__(self, slots: Slots, parallel: bool = True) -> None:
        self._slots, self._parallel = slots, parallel
        self.pointers: dict[tuple[Hashable, str], str] = {}
        self.before: list[str] = []
        self.lines: list[str] = []
        self.watched: list[tuple[str, int]] = []
        self._loaded: dict[tuple[Hashable, str, str], str] = {}
        self._count = 0

    def name(self) -> str:
        self._count += 1
        return f"%v{self._count}"

    def array(self, values: Any) -> Hashable:
        """Return the slot of a table's array."""
        slot = ("array", id(values))
        self._slots.arrays[slot] = values
        return slot

    def let(self, instruction: str) -> str:
        """Write an instruction and name what it gives."""
        name = self.name()
        self.lines.append(f"  {name} = {instruction}")
        return name

    def watch(self, flag: str, bit: int = BEYOND) -> None:
        """Give the chunk back if an i1 ever holds; ``bit`` tells why."""
        self.watched.append((flag, bit))

    def pointer(self, slot: Hashable, first: str = "", kind: str = "i8") -> str:
        """Return a slot's pointer. first: the row that its first element belongs to, where it holds only the rows of a block."""
        key = (slot, first)
        if key not in self.pointers:
            place, raw = self._slots.of(slot), f"%p{len(self.pointers)}"
            self.before.append(f"  {raw}a = getelementptr ptr, ptr %c, i64 {place}")
            self.before.append(f"  {raw} = load ptr, ptr {raw}a")
            if first:
                self.before.append(f"  {raw}n = sub i64 0, {first}")
                self.before.append(f"  {raw}o = getelementptr {kind}, ptr {raw}, i64 {raw}n")
                raw += "o"
            self.pointers[key] = raw
        return self.pointers[key]

    def load(self, slot: Hashable, kind: str, index: str, first: str = "") -> str:
        """Load one element; twice the same element is loaded once."""
        key = (slot, index, first)
        if key not in self._loaded:
            place = self.let(f"getelementptr {kind}, ptr {self.pointer(slot, first, kind)}, i64 {index}")
            self._loaded[key] = self.let(f"load {kind}, ptr {place}{self._group}")
        return self._loaded[key]

    def load_flag(self, slot: Hashable, index: str, first: str = "") -> str:
        """Load one byte of yes/no."""
        key = (slot, index, f"{first} flag")
        if key not in self._loaded:
            self._loaded[key] = self.let(f"icmp ne i8 {self.load(slot, 'i8', index, first)}, 0")
        return self._loaded[key]

    def store(self, slot: Hashable, kind: str, index: str, value: str, first: str = "") -> None:
        place = self.let(f"getelementptr {kind}, ptr {self.pointer(slot, first, kind)}, i64 {index}")
        self.lines.append(f"  store {kind} {value}, ptr {place}{self._group}")

    def store_flag(self, slot: Hashable, index: str, flag: str, first: str = "") -> None:
        self.store(slot, "i8", index, self.let(f"zext i1 {flag} to i8"), first)

    def store_value(self, slot: Hashable, kind: str, index: str, value: Value, first: str = "") -> None:
        """Keep a row's value: data under ``slot``, known (where it can be missing) under ``(slot, "known")``."""
        if kind == "bool":
            self.store_flag(slot, index, value.data, first)
        else:
            self.store(slot, "i64", index, value.data, first)
        if value.known is not None:
            self.store_flag((slot, "known"), index, value.known, first)

    @property
    def _group(self) -> str:
        # Rows of one loop have nothing to do with each other: LLVM may take several at once.
        return ", !llvm.access.group !0" if self._parallel else ""

    # -- small words of yes/no --

    def both(self, first: str | None, second: str | None) -> str | None:
        if first is None or second is None:
            return second if first is None else first
        return self.let(f"and i1 {first}, {second}")

    def either(self, first: str | None, second: str | None) -> str | None:
        if first is None or second is None:
            return second if first is None else first
        return self.let(f"or i1 {first}, {second}")

    def negated(self, flag: str) -> str:
        return self.let(f"xor i1 {flag}, true")

    def flag_bits(self) -> str:
        """Or all watched flags of a row into one i64."""
        bits = "0"
        for bit in dict.fromkeys(bit for _, bit in self.watched):
            found = "false"
            for flag in (flag for flag, own in self.watched if own == bit):
                found = self.let(f"or i1 {found}, {flag}")
            bits = self.let(f"or i64 {bits}, {self.let(f'select i1 {found}, i64 {bit}, i64 0')}")
        return bits


def signature(entities: list[str]) -> str:
    """The arguments of every loop: the pointers, and the rows of each entity that belong to the block."""
    return ", ".join(["ptr %c", *(f"i64 %lo_{entity}, i64 %hi_{entity}" for entity in entities)])


def loop(name: str, entities: list[str], entity: str, body: Body, flag_slot: int) -> str:
    """Return a function that runs the body for every row ``%i`` of an entity in the block."""
    watched = body.flag_bits() if body.watched else ""
    lines = [f"define internal void @{name}({signature(entities)}) #1 {{", "entry:", *body.before]
    lines += [f"  %some = icmp slt i64 %lo_{entity}, %hi_{entity}", "  br i1 %some, label %row, label %exit", "row:"]
    lines += [f"  %i = phi i64 [ %lo_{entity}, %entry ], [ %next, %row ]"]
    if watched:
        lines += ["  %flag = phi i64 [ 0, %entry ], [ %flagged, %row ]"]
    lines += body.lines
    if watched:
        lines += [f"  %flagged = or i64 %flag, {watched}"]
    lines += ["  %next = add nuw nsw i64 %i, 1", f"  %more = icmp slt i64 %next, %hi_{entity}"]
    lines += ["  br i1 %more, label %row, label %done, !llvm.loop !1", "done:"]
    if watched:
        lines += [f"  %fa = getelementptr ptr, ptr %c, i64 {flag_slot}", "  %fp = load ptr, ptr %fa"]
        lines += ["  %fo = load i64, ptr %fp", "  %fn = or i64 %fo, %flagged", "  store i64 %fn, ptr %fp"]
    return "\n".join([*lines, "  br label %exit", "exit:", "  ret void", "}"])


FOOTER = """
attributes #0 = { nounwind }
attributes #1 = { nounwind noinline }
!0 = distinct !{}
!1 = distinct !{!1, !2}
!2 = !{!"llvm.loop.parallel_accesses", !0}
"""
