"""BPMN 2.0 XML to a Process. What is not supported is refused by name; decoration is passed over; nothing is executed."""

import hashlib
from collections.abc import Iterator
from functools import lru_cache

from lxml import etree

from zhida.blocks.cases.process.checks import check
from zhida.blocks.cases.process.errors import ProcessRefused
from zhida.blocks.cases.process.model import GATEWAYS, TASKS, Element, Flow, Process
from zhida.blocks.cases.process.safe import DIAGRAM, EXTENSION, MODEL, Tag, safe_xml, tag_of
from zhida.blocks.cases.process.timers import Timer, read_duration, read_moment, read_working_days
from zhida.blocks.cases.process.words import INSTEAD, REMOVE, called
from zhida.engine.feel import Expression, FeelError, parse_expression
from zhida.kernel.text import Text

MAX_NODES = 500

_EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "boundaryEvent"})
_NODES = TASKS | GATEWAYS | _EVENTS | {"subProcess"}
# Drawn or written beside the steps; they say nothing about what happens next.
_DECORATION = (
    {"documentation", "extensionElements", "incoming", "outgoing", "laneSet", "textAnnotation", "association", "group", "category"}
    | {"dataObject", "dataObjectReference", "dataStoreReference", "dataInputAssociation", "dataOutputAssociation", "ioSpecification"}
    | {"property", "auditing", "monitoring", "performer", "humanPerformer", "potentialOwner", "resourceRole"}
    | {"correlationSubscription", "supports"}
)
# On a duration: whether its days are working days. Without it they are days.
DAYS = f"{{{EXTENSION}}}days"
_EVENT_WORDS = frozenset({"timerEventDefinition", "terminateEventDefinition"})
# Inside data associations and vendors' extensions: text some other engine would execute.
_CARRIES_CODE = frozenset(["script", "scriptTask", "executionListener", "taskListener", "connector", "transformation", "assignment"])
_CODE_ATTRIBUTES = frozenset(["class", "expression", "delegateExpression", "script", "scriptFormat", "resource", "executionListener"])


@lru_cache(maxsize=64)
def read_process(xml: bytes, place: str) -> Process:
    """Return the one process of a BPMN file, checked whole. ``place`` names the file in sentences. Raises: ProcessRefused."""
    root = safe_xml(xml, place)
    node = _the_process(root, place)
    reader = _Reader(place, root.get("expressionLanguage", ""))
    reader.read(node)
    process = Process(
        id=node.get("id", ""),
        name=node.get("name") or node.get("id", ""),
        place=place,
        hash=hashlib.sha256(xml).hexdigest(),
        xml=xml,
        elements=reader.elements,
        flows=tuple(reader.flows),
        has_diagram=next(root.iter(f"{{{DIAGRAM}}}BPMNShape"), None) is not None,
    )
    check(process)
    return process


def _the_process(root: etree._Element, place: str) -> etree._Element:
    """Return the process to run: the only one, or the only one marked executable."""
    processes = root.findall(f"{{{MODEL}}}process")
    marked = [node for node in processes if node.get("isExecutable") == "true"]
    chosen = marked if marked or len(processes) != 1 else processes
    if len(chosen) == 1:
        return chosen[0]
    candidates = marked or processes
    names = ", ".join(f"{node.get('name') or '-'} ({node.get('id')})" for node in candidates[:5])
    if marked:
        why = Text(
            f"有 {len(marked)} 个可执行流程：{names}；请只留一个 isExecutable=true。",
            f"it has {len(marked)} executable processes: {names}. Leave isExecutable=true on one.",
        )
    elif processes:
        why = Text(
            f"有 {len(processes)} 个流程：{names}，都没有标为可执行；请把要运行的一个标为 isExecutable=true。",
            f"it has {len(processes)} processes: {names}, none marked executable. Mark the one to run with isExecutable=true.",
        )
    else:
        why = Text("没有流程（process）；请画出一个流程。", "it has no process. Draw one.")
    raise ProcessRefused(place, why, candidates[0].get("id", "") if candidates else "")


class _Reader:
    """Collects the elements and flows of one process and of the sub-processes in it."""

    def __init__(self, place: str, language: str) -> None:
        self.place = place
        self.language = language
        self.elements: dict[str, Element] = {}
        self.flows: list[Flow] = []
        self.ids: set[str] = set()

    def read(self, process: etree._Element) -> None:
        """Read a process scope by scope; a list instead of recursion, so that deep files cannot exhaust the stack."""
        self._claim(process, "process")
        scopes = [(process, "", {})]
        while scopes:
            node, scope, lanes = scopes.pop()
            lanes = lanes | _lanes(node)
            for child in node:
                tag = tag_of(child)
                self._no_code(child, child if child.get("id") else node)
                if tag.space != MODEL:
                    self._refuse(child, Text("不属于 BPMN 2.0", "is not part of BPMN 2.0"), REMOVE)
                elif tag.name == "sequenceFlow":
                    self._flow(child)
                elif tag.name in _NODES:
                    self._element(child, tag.name, scope, lanes)
                    if tag.name == "subProcess":
                        scopes.append((child, child.get("id", ""), lanes))
                elif tag.name not in _DECORATION:
                    self._unsupported(child, tag)
            if len(self.elements) > MAX_NODES:
                raise ProcessRefused(
                    self.place,
                    Text(
                        f"有 {len(self.elements)} 个步骤，超过上限 {MAX_NODES}；请拆成几个流程。",
                        f"it has {len(self.elements)} steps, above the limit of {MAX_NODES}. Split it into several processes.",
                    ),
                )

    def _element(self, node: etree._Element, kind: str, scope: str, lanes: dict[str, str]) -> None:
        key = self._claim(node, kind)
        self._no_special(node, kind)
        timer, terminates = self._event(node, kind)
        self.elements[key] = Element(
            id=key,
            kind=kind,
            name=" ".join((node.get("name") or "").split()),
            scope=scope,
            lane=lanes.get(key, ""),
            default=node.get("default", ""),
            timer=timer,
            attached_to=node.get("attachedToRef", ""),
            interrupting=node.get("cancelActivity", "true") != "false",
            terminates=terminates,
        )

    def _claim(self, node: etree._Element, kind: str) -> str:
        """Return an element's id, which must be there and its own."""
        key = node.get("id", "")
        if not key:
            self._refuse(node, Text("没有 id", "has no id"), Text("请给它一个 id", "Give it one"))
        if key in self.ids:
            self._refuse(
                node, Text("的 id 已被另一个元素使用", "has an id that another element has too"), Text("请改成不同的 id", "Change it")
            )
        self.ids.add(key)
        return key

    def _no_special(self, node: etree._Element, kind: str) -> None:
        """Refuse what an attribute or a part of an element asks for beyond passing through it once."""
        for attribute, usual in _USUAL.items():
            if node.get(attribute, usual) != usual:
                self._refuse(node, Text(f"的 {attribute} 不支持", f"has {attribute}, which is not supported"), REMOVE)
        for part in node:
            tag = tag_of(part)
            if kind == "subProcess" and not tag.name.endswith("LoopCharacteristics"):
                continue
            if tag.space == MODEL and tag.name not in _DECORATION and tag.name not in _EVENT_WORDS:
                self._unsupported(part, tag, owner=node)

    def _event(self, node: etree._Element, kind: str) -> tuple[Timer | None, bool]:
        """Return an event's timer and whether it terminates. Only waiting events have a timer, only ends terminate."""
        words = [part for part in node if tag_of(part).name in _EVENT_WORDS]
        names = [tag_of(part).name for part in words]
        waits = kind in ("intermediateCatchEvent", "boundaryEvent")
        if waits and names != ["timerEventDefinition"]:
            self._refuse(node, Text("没有唯一的定时器", "does not have exactly one timer"), INSTEAD["messageEventDefinition"])
        if not waits and names and not (kind == "endEvent" and names == ["terminateEventDefinition"]):
            self._refuse(node, Text(f"带有 {names[0]}，此处不支持", f"has {names[0]}, which is not supported there"), REMOVE)
        return (self._timer(node, words[0]) if waits else None), bool(names) and not waits

    def _timer(self, node: etree._Element, definition: etree._Element) -> Timer:
        instead = Text("请写 timeDuration（如 P3D）或 timeDate（如 2026-03-01）", "Write timeDuration (as P3D) or timeDate (as 2026-03-01)")
        parts = [part for part in definition if tag_of(part).name in ("timeDuration", "timeDate", "timeCycle")]
        if len(parts) != 1 or tag_of(parts[0]).name == "timeCycle":
            self._refuse(node, Text("的定时器不是一个时长或日期", "has a timer that is not one duration or date"), instead)
        written, days = (parts[0].text or "").strip(), parts[0].get(DAYS)
        if days is not None:
            return self._working_days(node, parts[0], written, days)
        try:
            return read_duration(written) if tag_of(parts[0]).name == "timeDuration" else read_moment(written)
        except (ValueError, OverflowError):
            self._refuse(
                node, Text(f"的定时“{written[:60]}”不是 ISO 8601", f"has the timer '{written[:60]}', which is not ISO 8601"), instead
            )

    def _working_days(self, node: etree._Element, part: etree._Element, written: str, days: str) -> Timer:
        """Read a duration whose days are declared to be working days, by our own attribute."""
        try:
            if tag_of(part).name != "timeDuration" or days != "working":
                raise ValueError(days)
            return read_working_days(written)
        except ValueError:
            self._refuse(
                node,
                Text(f"的工作日定时“{written[:60]}”（days={days[:20]}）读不懂", f"has the timer '{written[:60]}' with days={days[:20]}"),
                Text('工作日写成 <timeDuration zhida:days="working">P5D', 'Write working days as <timeDuration zhida:days="working">P5D'),
            )

    def _flow(self, node: etree._Element) -> None:
        key = self._claim(node, "sequenceFlow")
        condition = None
        for part in node:
            tag = tag_of(part)
            if tag == (MODEL, "conditionExpression"):
                condition = self._condition(node, part)
            elif tag.space == MODEL and tag.name not in _DECORATION:
                self._unsupported(part, tag, owner=node)
        name = " ".join((node.get("name") or "").split())
        self.flows.append(Flow(key, name, node.get("sourceRef", ""), node.get("targetRef", ""), condition))

    def _condition(self, flow: etree._Element, node: etree._Element) -> Expression | None:
        """Read a condition in our FEEL; an empty one is none."""
        written = "".join(node.itertext()).strip().removeprefix("=").strip()
        language = node.get("language", "") or self.language
        if not written:
            return None
        if language and "feel" not in language.lower():
            self._refuse(
                flow,
                Text(f"的条件用 {language[:80]} 写成", f"has a condition written in {language[:80]}"),
                Text("请用 FEEL 写条件，并删除 language", "Write the condition in FEEL and delete the language"),
            )
        try:
            return parse_expression(written, f"{self.place} {flow.get('id')}")
        except FeelError as error:
            refusal = Text(
                f"{_called(flow).zh}的条件“{written[:80]}”不是 FEEL：{error.text.zh}",
                f"{_called(flow).en} has the condition '{written[:80]}', which is not FEEL: {error.text.en}",
            )
            raise ProcessRefused(self.place, refusal, flow.get("id", "")) from None

    def _no_code(self, node: etree._Element, owner: etree._Element) -> None:
        """Refuse text that another engine would execute: listeners, scripts, class names. Sub-processes look at their own children."""
        for part in _within(node):
            tag = tag_of(part)
            if tag.name in _CARRIES_CODE:
                self._unsupported(part, tag, owner=owner)
            for attribute in part.attrib:
                name = etree.QName(attribute)
                if name.namespace and name.localname in _CODE_ATTRIBUTES:
                    self._refuse(
                        owner,
                        Text(f"带有其他引擎的代码（{name.localname}）", f"carries another engine's code ({name.localname})"),
                        INSTEAD["scriptTask"],
                    )

    def _unsupported(self, node: etree._Element, tag: Tag, owner: etree._Element | None = None) -> None:
        instead = INSTEAD.get(tag.name, REMOVE)
        if owner is None or owner is node:
            self._refuse(node, Text("不支持", "is not supported"), instead)
        else:
            self._refuse(owner, Text(f"带有 {tag.name}，不支持", f"has {tag.name}, which is not supported"), instead)

    def _refuse(self, node: etree._Element, what: Text, instead: Text) -> None:
        name = _called(node)
        sentence = Text(f"{name.zh}{what.zh}；{instead.zh}。", f"{name.en} {what.en}. {instead.en}.")
        raise ProcessRefused(self.place, sentence, node.get("id", ""))


_USUAL = {
    "isForCompensation": "false",
    "triggeredByEvent": "false",
    "startQuantity": "1",
    "completionQuantity": "1",
    "instantiate": "false",
    "parallelMultiple": "false",
}


def _called(node: etree._Element) -> Text:
    return called(tag_of(node).name, node.get("name") or "", node.get("id") or "-")


def _lanes(node: etree._Element) -> dict[str, str]:
    """Return the name of the innermost lane of each element that lies in one."""
    found: dict[str, str] = {}
    for lanes in node.findall(f"{{{MODEL}}}laneSet"):
        for lane in lanes.iter(f"{{{MODEL}}}lane"):
            for member in lane.findall(f"{{{MODEL}}}flowNodeRef"):
                found[(member.text or "").strip()] = lane.get("name") or lane.get("id", "")
    return found


def _within(node: etree._Element) -> Iterator[etree._Element]:
    """Return an element and all below it, except what a sub-process holds: that is read on its own."""
    yield node
    if tag_of(node) == (MODEL, "subProcess"):
        return
    for child in node:
        yield from child.iter()
