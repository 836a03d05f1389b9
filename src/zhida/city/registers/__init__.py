"""What each department keeps: one module per department, one function per register."""

from __future__ import annotations

from collections.abc import Callable

from zhida.city.chunk import Chunk, Rows
from zhida.city.registers import civil_affairs, health, human_resources, other_departments, police

REGISTERS: dict[str, Callable[[Chunk], Rows]] = {
    "resident": police.resident,
    "household": police.household,
    "move": police.move,
    "low_income": civil_affairs.low_income,
    "means_test": civil_affairs.means_test,
    "destitute": civil_affairs.destitute,
    "orphan": civil_affairs.orphan,
    "child_in_difficulty": civil_affairs.child_in_difficulty,
    "elder_service": civil_affairs.elder_service,
    "emergency_relief": civil_affairs.emergency_relief,
    "birth": health.birth,
    "death": health.death,
    "pregnancy": health.pregnancy,
    "ability_assessment": health.ability_assessment,
    "insured": human_resources.insured,
    "wage": human_resources.wage,
    "unemployment": human_resources.unemployment,
    "flexible_employment": human_resources.flexible_employment,
    "subsidised_post": human_resources.subsidised_post,
    "graduate": human_resources.graduate,
    "startup": human_resources.startup,
    "talent": human_resources.talent,
    "card_account": human_resources.card_account,
    "organisation_account": human_resources.organisation_account,
    "medical_enrolment": other_departments.medical_enrolment,
    "medical_claim": other_departments.medical_claim,
    "disability_certificate": other_departments.disability_certificate,
    "enrolment": other_departments.enrolment,
    "vehicle": other_departments.vehicle,
    "tenure": other_departments.tenure,
    "veteran": other_departments.veteran,
}
