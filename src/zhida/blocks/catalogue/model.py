"""What the catalogue holds, in the words of CPSV-AP 3.2. Plain data: read once, never changed."""

from __future__ import annotations

from dataclasses import dataclass

from zhida.kernel.text import Text


@dataclass(frozen=True)
class LifeEvent:
    """Something that happens to people and brings several public services with it (CPSV-AP: LifeEvent)."""

    key: str
    label: Text
    pack: str


@dataclass(frozen=True)
class Criterion:
    """What has to be so for somebody to be served (CPSV-AP: Requirement). benefit: the rule that decides it; "" where a person does."""

    text: Text
    benefit: str = ""


@dataclass(frozen=True)
class EvidenceType:
    """A kind of proof (CPSV-AP: EvidenceType). record_type: the register by which the city knows it; "" where it has to be shown."""

    key: str
    label: Text
    record_type: str = ""


@dataclass(frozen=True)
class LegalResource:
    """A law and the clause of it that a service rests on (CPSV-AP: LegalResource).

    source: the number it was published under. grade: A the official text was seen, B quoted consistently elsewhere, C from memory.
    """

    name: str
    clause: str
    source: str
    grade: str


@dataclass(frozen=True)
class Output:
    """What a service ends in (CPSV-AP: Output). benefit: the benefit it is, where the rules decide it."""

    label: Text
    benefit: str = ""


@dataclass(frozen=True)
class PublicService:
    """What a department provides (CPSV-AP: PublicService).

    cost_fen: what the applicant pays; None where no source says. promised_working_days: None where nobody has promised.
    promise_from: ``city``, this site's own promise, or ``law``, a term that a law sets.
    """

    key: str
    pack: str
    label: Text
    summary: Text
    words_zh: tuple[str, ...]
    words_en: tuple[str, ...]
    department: str
    department_label: Text
    sector: str
    who: Text
    audience: str
    life_events: tuple[str, ...]
    benefits: tuple[str, ...]
    criteria: tuple[Criterion, ...]
    evidence: tuple[EvidenceType, ...]
    outputs: tuple[Output, ...]
    channels: tuple[str, ...]
    cost_fen: int | None
    promised_working_days: int | None
    promise_from: str
    law: tuple[LegalResource, ...]

    @property
    def known(self) -> list[EvidenceType]:
        """The proofs that the city already holds."""
        return [each for each in self.evidence if each.record_type]

    @property
    def asked(self) -> list[EvidenceType]:
        """The proofs that somebody has to show."""
        return [each for each in self.evidence if not each.record_type]


@dataclass(frozen=True)
class BasicService:
    """A line of the city's list of basic public services 基本公共服务清单. standard: None where none is known; services: keys of ours."""

    no: int
    item: Text
    kind: Text
    sector: str
    who: Text
    standard: Text | None
    pays: Text
    leads: Text
    services: tuple[str, ...]
    grade: str


@dataclass(frozen=True)
class Catalogue:
    """Everything: what the pages, the search and the export are made from."""

    services: dict[str, PublicService]
    life_events: dict[str, LifeEvent]
    sectors: dict[str, Text]
    channels: dict[str, Text]
    audiences: dict[str, Text]
    basic: tuple[BasicService, ...]
    basic_source: Text
