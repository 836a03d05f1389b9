"""Appeals (异议): a resident holds a decision or a refused item for wrong; the head of the department decides again, then beside now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases import reopening
from zhida.blocks.cases.declarations.model import LifeEventDeclaration
from zhida.blocks.cases.desk import at_desk
from zhida.blocks.cases.effects import decisions, money
from zhida.blocks.cases.effects.context import Making
from zhida.blocks.cases.errors import AppealImpossible, AppealNotOpen, AppealUnchanged, ReasonNeeded, WrongFact
from zhida.blocks.cases.evidence import Wanted, gather, persons
from zhida.blocks.cases.models import Case, CaseAppeal, CaseDecision, CaseEffect, CaseItem
from zhida.blocks.cases.moving import Moving, held_case, save
from zhida.blocks.cases.opening import require_resident_of
from zhida.blocks.cases.queries import declaration_of
from zhida.blocks.cases.rules import APPEAL_WORKING_DAYS, AppealState, CaseState, ItemState, Light, desk_area, due_after, light
from zhida.blocks.cases.wording import benefit_text, value_text
from zhida.blocks.policies import api as policies
from zhida.kernel import clock
from zhida.kernel.errors import ZhidaError
from zhida.kernel.text import Text

ANSWER = "cases.answer"
TEXT_MAX = 2000
UNKNOWN = Text("未知", "unknown")


@dataclass(frozen=True)
class ComparedFact:
    """One fact then and now. of: the member it is about, if not the one decided about; name: what a correction is called, if it can be."""

    key: str
    label: Text
    of: Text
    then: Text
    now: Text
    source: Text
    name: str
    kind: str
    codes: dict[str, Text]

    @property
    def differs(self) -> bool:
        return self.then != self.now


@dataclass(frozen=True)
class AppealView:
    """An appeal with its case, what was decided, and the facts side by side, those that differ first."""

    appeal: CaseAppeal
    case: Case
    declared: LifeEventDeclaration
    facts: list[ComparedFact]
    new_decision: CaseDecision | None
    light: Light

    @property
    def about(self) -> Text:
        """What it is about: a benefit, or an item that was refused."""
        return appeal_about(self.appeal, self.declared)


def appeal_about(appeal: CaseAppeal, declared: LifeEventDeclaration) -> Text:
    if appeal.decision is not None:
        return benefit_text(appeal.decision.benefit)
    return declared.items[appeal.item].label


@transaction.atomic
def file_case_appeal(viewer: Viewer, case_id: int, item: str, text: str, decision_id: int | None = None) -> CaseAppeal:
    """Say that a decision, or with no decision a refused item, is wrong. What it rested on and what is known now are frozen beside it.

    Raises: PermissionMissing, CaseNotFound, AppealImpossible (nothing there to object to, one is open already, or nothing was written).
    """
    access.require(viewer, "cases.own")
    moving = Moving(held_case(case_id), viewer)
    require_resident_of(viewer, moving.case)
    if not text.strip():
        raise AppealImpossible(case_id, "请用一两句话说明哪里不对", "say in a sentence or two what is wrong")
    row, decision = _what_about(moving, item, decision_id)
    then, now = _facts(moving, row, decision)
    appeal = CaseAppeal(
        case=moving.case, decision=decision, item=row.item, department=row.department, area=_desk_of(moving, row),
        text=text.strip()[:TEXT_MAX], filed_by=viewer.account, filed_at=moving.at,
        due_on=due_after(moving.today, APPEAL_WORKING_DAYS), facts_then=then, facts_now=now,
        state=AppealState.OPEN,
    )  # fmt: skip
    try:
        with transaction.atomic():
            appeal.save()
    except IntegrityError as error:
        raise AppealImpossible(case_id, "这一项您已经提过异议，正在处理", "you have objected already; it is being looked into") from error
    moving.note("appealed", row.item)
    save(moving)
    return appeal


def _desk_of(moving: Moving, row: CaseItem) -> int:
    """Return whose desk answers: that of the item; of one that nobody did, the district's."""
    return desk_area(moving.case.community, "district") if row.is_automatic else row.area


def _what_about(moving: Moving, item: str, decision_id: int | None) -> tuple[CaseItem, CaseDecision | None]:
    if decision_id is not None:
        decision = CaseDecision.objects.filter(case=moving.case, pk=decision_id, replaced_by=None).select_related("effect").first()
        row = next((each for each in moving.items if decision is not None and each.pk == decision.effect.item_id), None)
        if row is not None:
            return row, decision
    rows = [each for each in moving.items if each.item == item and each.state == ItemState.REFUSED]
    if decision_id is not None or not rows:
        raise AppealImpossible(moving.case.pk, "没有这项结论，请从办理页打开", "there is no such answer; open it from the page of the case")
    return rows[-1], None


def _facts(moving: Moving, row: CaseItem, decision: CaseDecision | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a decision rested on and what is known now: of the rules, or for a refused item the evidence that it needed."""
    if decision is None:
        return _evidence(moving, row.item)
    making = making_of(moving, decision.effect)
    # What a case lays over the registers is laid over its subject and the household: of another member nothing can be corrected here.
    is_about_subject = decision.entity_no in (moving.case.subject_no, moving.case.household_no)
    then = _frozen(decisions.explain(making, moving.viewer, decision).steps, decision.facts, is_about_subject)
    try:
        now = _frozen(decisions.explain_now(making, moving.viewer, decision).steps, decisions.facts_now(making), is_about_subject)
    except ZhidaError:
        # Nobody of that household is in the newest registers, or the law has no such benefit any more: nothing is known now.
        now = {}
    return then, now


def making_of(moving: Moving, effect: CaseEffect) -> Making:
    item = next(each for each in moving.items if each.pk == effect.item_id)
    return Making(moving, item, effect, moving.declared.items[item.item].effects[effect.position])


def _frozen(steps: Iterable[policies.Step], told: Mapping[str, Any], is_about_subject: bool) -> dict[str, Any]:
    """Write the facts among the steps of an explanation as values: each once. told: those that the case itself had laid over."""
    frozen: dict[str, Any] = {}
    for step in steps:
        if step.fact is not None:
            of = step.who or Text("", "")
            is_own = is_about_subject and not step.who
            source = Text("本办件", "this case") if is_own and step.fact["name"] in told else step.fact["department"]
            frozen.setdefault(
                f"{step.fact['name']}:{of.zh}",
                {
                    "label": _pair(step.fact["label"]), "value": _pair(step.value_text), "of": _pair(of), "source": _pair(source),
                    "name": step.fact["name"] if is_own else "", "kind": str(step.fact["kind"]),
                    "codes": {code: _pair(label) for code, label in step.fact["codes"].items()},
                },
            )  # fmt: skip
    return frozen


def _pair(text: Text) -> list[str]:
    return [text.zh, text.en]


def _evidence(moving: Moving, item: str) -> tuple[dict[str, Any], dict[str, Any]]:
    case, declared = moving.case, moving.declared
    people = persons([number for number in (case.subject_no, case.applicant_no) if number])
    subject = people.get(case.subject_no)
    fresh = gather(declared, [Wanted(subject, people.get(case.applicant_no))])[0] if subject else {}
    then: dict[str, Any] = {}
    now: dict[str, Any] = {}
    for field in declared.evidence_for(item):
        for values, into in ((case.evidence, then), ({**case.evidence, **fresh}, now)):
            known = values.get(field.key)
            if known is not None:
                said = value_text(field, known["value"])
                into[field.key] = {"label": _pair(field.label), "value": _pair(said), "of": ["", ""], "source": [known["on"]] * 2}
    return then, now


def my_case_appeals(viewer: Viewer, case_id: int) -> list[AppealView]:
    """List a resident's appeals about a case, newest first. Raises: PermissionMissing, CaseNotFound."""
    access.require(viewer, "cases.own")
    case = Case.objects.filter(pk=case_id).first()
    if case is not None:
        require_resident_of(viewer, case)
    return [_view(each) for each in CaseAppeal.objects.filter(case=case_id).select_related("case", "decision__replaced_by")]


def case_appeals(viewer: Viewer, state: str = AppealState.OPEN) -> QuerySet[CaseAppeal]:
    """Return the appeals of the viewer's desk, open ones by their deadline. Raises: PermissionMissing."""
    purpose = access.require(viewer, ANSWER)
    access.record_access(viewer, purpose, "cases.appeals", state)
    found = CaseAppeal.objects.filter(at_desk(viewer)).select_related("case", "decision")
    if state == AppealState.OPEN:
        return found.filter(state=AppealState.OPEN).order_by("due_on", "pk")
    return found.exclude(state=AppealState.OPEN).order_by("-answered_at")


def case_appeal(viewer: Viewer, appeal_id: int) -> AppealView:
    """Return one appeal of the viewer's desk. Raises: PermissionMissing, AppealNotOpen."""
    purpose = access.require(viewer, ANSWER)
    found = CaseAppeal.objects.filter(at_desk(viewer), pk=appeal_id).select_related("case", "decision__replaced_by").first()
    if found is None:
        raise AppealNotOpen(appeal_id)
    access.record_access(viewer, purpose, "cases.appeal", f"case {found.case_id} appeal {appeal_id}")
    return _view(found)


def _view(appeal: CaseAppeal) -> AppealView:
    keys = dict.fromkeys([*appeal.facts_then, *appeal.facts_now])
    facts = [_compared(key, appeal.facts_then.get(key), appeal.facts_now.get(key)) for key in keys]
    new = appeal.decision.replaced_by if appeal.decision is not None else None
    standing = light(appeal.due_on, clock.today()) if appeal.state == AppealState.OPEN else Light.GREEN
    return AppealView(appeal, appeal.case, declaration_of(appeal.case), sorted(facts, key=lambda fact: not fact.differs), new, standing)


def _compared(key: str, then: dict[str, Any] | None, now: dict[str, Any] | None) -> ComparedFact:
    said = now or then or {}
    return ComparedFact(
        key=key, label=Text(*said["label"]), of=Text(*said["of"]), then=Text(*then["value"]) if then else UNKNOWN,
        now=Text(*now["value"]) if now else UNKNOWN, source=Text(*said["source"]), name=said.get("name", ""), kind=said.get("kind", ""),
        codes={code: Text(*label) for code, label in said.get("codes", {}).items()},
    )  # fmt: skip


@transaction.atomic
def answer_case_appeal(viewer: Viewer, appeal_id: int, outcome: str, text: str, corrected: Mapping[str, str] | None = None) -> CaseAppeal:
    """Answer an appeal: upheld leaves all as it is; changed decides again, or brings a refused item back to its desk.

    corrected: fact -> value as its register writes it, where what the rules know is wrong; kept with the new decision.
    Raises: PermissionMissing, AppealNotOpen, ReasonNeeded, AppealUnchanged, WrongFact, CaseOpenAlready.
    """
    access.require(viewer, ANSWER)
    case_id = CaseAppeal.objects.filter(at_desk(viewer), pk=appeal_id).values_list("case_id", flat=True).first()
    if case_id is None:
        raise AppealNotOpen(appeal_id)
    moving = Moving(held_case(case_id), viewer)
    appeal = CaseAppeal.objects.select_related("decision__effect").get(pk=appeal_id)
    if appeal.state != AppealState.OPEN:
        raise AppealNotOpen(appeal_id)
    if not text.strip():
        raise ReasonNeeded(appeal_id)
    appeal.state = AppealState(outcome)
    if appeal.state == AppealState.CHANGED:
        appeal.difference_fen = _change(moving, appeal, corrected or {})
    appeal.answer, appeal.answered_by, appeal.answered_at = text.strip()[:TEXT_MAX], viewer.account, moving.at
    appeal.save()
    moving.note("appeal_answered", appeal.item, "改变" if appeal.state == AppealState.CHANGED else "维持")
    moving.tell("case_appeal_answered", about=f"appeal:{appeal.pk}", item=appeal_about(appeal, moving.declared), answer=Text(text, text))
    save(moving)
    return appeal


def _change(moving: Moving, appeal: CaseAppeal, corrected: Mapping[str, str]) -> int:
    if appeal.decision is None:
        reopening.bring_back(moving, appeal.item, f"{appeal.pk}")
        return 0
    old, making = appeal.decision, making_of(moving, appeal.decision.effect)
    laid = {**old.facts, **decisions.facts_now(making), **_plain(corrected)}
    try:
        new = decisions.decide_again(making, old, laid)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise WrongFact("、".join(corrected)) from error
    if new is None or (new.status, new.amount, new.period_key) == (old.status, old.amount, old.period_key):
        raise AppealUnchanged(appeal.pk)
    if moving.case.state == CaseState.OPEN:
        moving.running.put({f"{new.benefit}_status": new.status, f"{new.benefit}_amount": new.amount})
    paying = _paid_by(moving, new.benefit)
    if paying is None or moving.case.state == CaseState.UNDONE:
        # The monthly run pays it, or nothing is paid for a case that was undone.
        return 0
    effect, to_applicant = paying
    return money.settle(making_of(moving, effect) if effect else making, old, new, to_applicant)


def _plain(corrected: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"true": True, "false": False}.get(value, value) for name, value in corrected.items() if value != ""}


def _paid_by(moving: Moving, benefit: str) -> tuple[CaseEffect | None, bool] | None:
    """Return which effect pays a benefit, as far as it was reached, and whether to the applicant; None where no case pays it."""
    for declared in moving.declared.items.values():
        for position, effect in enumerate(declared.effects):
            if effect.kind == "payment" and "amount" not in effect.settings and benefit in effect.settings.get("benefits", ()):
                row = CaseEffect.objects.filter(item__case=moving.case, item__item=declared.key, position=position).last()
                return row, effect.settings.get("to") == "applicant"
    return None


def explain_decision(viewer: Viewer, case_id: int, decision_id: int) -> policies.Explanation:
    """Return why a decision of one's own case was so. Raises: PermissionMissing, CaseNotFound, AppealImpossible."""
    purpose = access.require(viewer, "cases.own")
    case = Case.objects.filter(pk=case_id).first()
    decision = CaseDecision.objects.filter(case=case_id, pk=decision_id).select_related("effect").first()
    if case is not None:
        require_resident_of(viewer, case)
    if case is None or decision is None:
        raise AppealImpossible(case_id, "没有这项结论，请从办理页打开", "there is no such answer; open it from the page of the case")
    access.record_access(viewer, purpose, "cases.explain", f"case {case_id} {decision.benefit}")
    return decisions.explain(making_of(Moving(case, viewer), decision.effect), viewer, decision)
