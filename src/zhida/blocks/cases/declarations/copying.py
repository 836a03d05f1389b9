"""A new life event from one that works: its folder copied, named anew, with a list of what to change. And diagrams."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from zhida.blocks.cases.declarations.reading import BYTES_MAX, DECLARATION, PROCESS
from zhida.blocks.cases.errors import LifeEventNotMade
from zhida.blocks.cases.process import read_process, with_diagram
from zhida.kernel.text import Text

NAME = re.compile(r"[a-z][a-z0-9_]{2,30}")
CHANGE = "README.md"
# How a copy is called until somebody names it; the checks ask for a name while it stands there.
UNNAMED = Text("（待命名）", " (to be named)")
# One register's rows may open cases of one event only, and what is copied happens to others: a copy begins without feed and subject.
_FEED = re.compile(r"^  feed: \{.*?\}\n|^subject: [^\n]*\n", re.MULTILINE | re.DOTALL)
_TO_CHANGE = """# {name}

Copied from *{source}*; still about that. Change, in this order, and run `zhida life-event check {name}` after each:

1. `event.yaml` label, summary, `leads`, `law`: what this is, who leads it, what allows it. Grade A only what you have read yourself.
2. `event.yaml` `opened_by`: the copy has no `feed`. Write the register whose new rows open a case, or who may apply; and `subject`, whom
   it can be about, if not anybody.
3. `process.bpmn`: the course, in any BPMN editor. Ids of tasks are words (`water_meter`); `zhida life-event draw {name}` adds a diagram.
4. `event.yaml` items: one per task, with service, department, days, instruction, law, effects, undo, one_by_one.
   Remove what is not in the process.
5. `event.yaml` evidence: what the items need, once; `from` wherever a register has it; `needed_by` the items that read it.
   `zhida life-event words` lists the registers, facts, benefits, services, departments and notices there are.
6. `*.dmn`: the tables that `decides` names; delete the others.
7. `tests/paths.yaml`: situations of this event, one for each refusal and each unknown; `zhida life-event test {name}`.
8. `simulation.yaml`: arrivals, officers, minutes; mark what you assume. `zhida life-event simulate {name}` says where cases wait.
9. `services.yaml` of the pack, or beside this folder: the services its items name that are not in the catalogue yet, and {name} among
   its `life_events:`.
10. This file: ten lines on what it is.
"""


def copy_life_event(source: Path, parent: Path, name: str) -> Path:
    """Make a life event of its own from another's folder, inside a parent folder. Return its folder. Raises: LifeEventNotMade."""
    old, target = source.name, parent / name
    if not NAME.fullmatch(name):
        raise LifeEventNotMade(name, "名字要用小写字母，如 second_hand_home", "its name must be in small letters, such as second_hand_home")
    if target.exists():
        raise LifeEventNotMade(name, f"{target} 已经有了", f"{target} exists already; choose another name")
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", CHANGE))
    for path in sorted(target.rglob("*")):
        if path.suffix in (".yaml", ".bpmn"):
            path.write_text(_renamed(path, old, name), encoding="utf-8")
    (target / CHANGE).write_text(_TO_CHANGE.format(name=name, source=old), encoding="utf-8")
    return target


def _renamed(path: Path, old: str, name: str) -> str:
    text = path.read_text("utf-8")
    if path.name == DECLARATION:
        text = _FEED.sub("", text)
        text = re.sub(r"^label: .*$", f"label: {{zh: {name}{UNNAMED.zh}, en: {name}{UNNAMED.en}}}", text, count=1, flags=re.MULTILINE)
        return re.sub(rf"^life_event: {old}$", f"life_event: {name}", text, flags=re.MULTILINE)
    # Ids made of the event's name: its process, diagram, definitions. An item's own id only begins with it.
    return re.sub(rf'"((?:definitions|diagram|plane)_)?{old}(_(?:definitions|diagram|plane))?"', rf'"\g<1>{name}\g<2>"', text)


def draw_life_event(folder: Path) -> bool:
    """Add a diagram to a folder's process that has none; False where it has one. Raises: ProcessRefused, LifeEventNotMade."""
    path = folder / PROCESS
    if not path.exists() or path.stat().st_size > BYTES_MAX:
        raise LifeEventNotMade(folder.name, f"没有可读的 {PROCESS}", f"it has no {PROCESS} of at most 2 MB")
    process = read_process(path.read_bytes(), f"{folder.name}/{PROCESS}")
    if process.has_diagram:
        return False
    path.write_bytes(with_diagram(process))
    return True
