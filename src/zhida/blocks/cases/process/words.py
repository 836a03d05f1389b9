"""What each kind of element is called on screen, and what to draw instead of those that do not run here."""

from zhida.kernel.text import Text

KINDS = {
    "startEvent": Text("开始事件", "start event"),
    "endEvent": Text("结束事件", "end event"),
    "userTask": Text("人工任务", "user task"),
    "manualTask": Text("手工任务", "manual task"),
    "task": Text("任务", "task"),
    "serviceTask": Text("自动任务", "service task"),
    "sendTask": Text("发送任务", "send task"),
    "businessRuleTask": Text("规则任务", "business rule task"),
    "exclusiveGateway": Text("排他网关", "exclusive gateway"),
    "parallelGateway": Text("并行网关", "parallel gateway"),
    "inclusiveGateway": Text("包容网关", "inclusive gateway"),
    "subProcess": Text("子流程", "sub-process"),
    "intermediateCatchEvent": Text("中间捕获事件", "intermediate catch event"),
    "boundaryEvent": Text("边界事件", "boundary event"),
    "scriptTask": Text("脚本任务", "script task"),
    "receiveTask": Text("接收任务", "receive task"),
    "callActivity": Text("调用活动", "call activity"),
    "transaction": Text("事务子流程", "transaction"),
    "adHocSubProcess": Text("自由子流程", "ad-hoc sub-process"),
    "eventBasedGateway": Text("事件网关", "event-based gateway"),
    "complexGateway": Text("复杂网关", "complex gateway"),
    "intermediateThrowEvent": Text("中间抛出事件", "intermediate throw event"),
    "sequenceFlow": Text("顺序流", "sequence flow"),
    "process": Text("流程", "process"),
}

_USE_TASK = Text("请改为人工任务或自动任务", "Draw a user task or a service task instead")
_USE_ITEM = Text("请改为自动任务，由事项的 effects 说明要做什么", "Draw a service task; what it does is said by the item's effects")
_USE_GATEWAY = Text("请改为排他、并行或包容网关", "Draw an exclusive, parallel or inclusive gateway instead")
_USE_INLINE = Text("请把步骤画在本流程里", "Draw its steps in this process")
_USE_TIMER = Text("只支持定时事件；请用任务表示等待的事", "Only timers are supported; draw a task for what is waited for")
_USE_LOOP = Text("请用网关画回到前一步", "Draw the way back with a gateway")

INSTEAD = {
    "scriptTask": _USE_ITEM,
    "script": _USE_ITEM,
    "receiveTask": _USE_TASK,
    "callActivity": _USE_INLINE,
    "transaction": _USE_INLINE,
    "adHocSubProcess": _USE_INLINE,
    "eventBasedGateway": _USE_GATEWAY,
    "complexGateway": _USE_GATEWAY,
    "intermediateThrowEvent": _USE_TASK,
    "implicitThrowEvent": _USE_TASK,
    "choreographyTask": _USE_TASK,
    "subChoreography": _USE_TASK,
    "callChoreography": _USE_TASK,
    "standardLoopCharacteristics": _USE_LOOP,
    "multiInstanceLoopCharacteristics": _USE_LOOP,
    "messageEventDefinition": _USE_TIMER,
    "signalEventDefinition": _USE_TIMER,
    "conditionalEventDefinition": _USE_TIMER,
    "errorEventDefinition": _USE_TIMER,
    "escalationEventDefinition": _USE_TIMER,
    "compensateEventDefinition": _USE_TIMER,
    "cancelEventDefinition": _USE_TIMER,
    "linkEventDefinition": Text("请直接画顺序流", "Draw a sequence flow"),
    "eventDefinitionRef": Text("请把定义写在事件里", "Write the definition inside the event"),
}
REMOVE = Text("请删除它", "Delete it")


def called(kind: str, name: str, key: str) -> Text:
    """Return an element as it stands in a sentence: its kind, name and id."""
    word = KINDS.get(kind, Text("元素", "element"))
    name = " ".join(name.split())
    zh = f"“{name}”" if name else ""
    en = f" '{name}'" if name else ""
    return Text(f"{word.zh}{zh}（{kind} {key}）", f"{word.en}{en} ({kind} {key})")
