"""What is handed over as facts of one household is checked before any rule reads it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import pytest

from zhida.engine.api import EngineError, HouseholdFacts, Law, RootFacts, load_law
from zhida.engine.tests.sample.entities import AREAS, FACTS
from zhida.engine.tests.test_law import OCTOBER, world_of_one
from zhida.engine.tests.written import SAMPLE


@pytest.fixture(scope="module")
def law() -> Law:
    return load_law([SAMPLE], FACTS, AREAS)


def facts(**changed: Any) -> RootFacts:
    """One person, with some columns changed: entity__fact=value."""
    tables = {entity: dict(columns) for entity, columns in world_of_one().alone(0).tables.items()}
    for name, value in changed.items():
        entity, _, fact = name.partition("__")
        tables[entity][fact] = value
    return RootFacts(tables)


def test_what_a_snapshot_holds_is_taken(law: Law) -> None:
    plain = law.program(OCTOBER).decide(facts())
    assert law.program(OCTOBER).decide(facts(person__birth_date=np.array([date(1990, 5, 12)]))) == plain
    assert law.program(OCTOBER).decide(facts(household__household_income=[None]))["support"] == [0]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"person__degree": [7]}, "'degree' cannot be used: 7 is not a value of it: use one of 0 none, 1 "),
        ({"person__degree": ["master"]}, "'master' is not a whole number .the position of a code."),
        ({"person__wage": [1301.5]}, "'wage' cannot be used: 1301.5 is not a whole number"),
        ({"person__wage": [2**63]}, "more than 19 digits"),
        ({"person__wage": [True]}, "True is not a whole number"),
        ({"person__hukou_local": [1]}, "1 is not True, False or None"),
        ({"person__birth_date": ["1990-05-12"]}, "is not a date"),
        ({"person__birth_date": [datetime(1990, 5, 12)]}, "is not a date"),
        ({"person__wage": [1, 2]}, "person has 1 rows and it has 2 values"),
        ({"person__household_no": [5]}, "belongs to household_no 5, not to"),
    ],
)
def test_what_no_snapshot_holds_is_refused(law: Law, changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(EngineError, match=sentence):
        law.program(OCTOBER).decide(facts(**changed))


def test_a_column_that_a_rule_needs_must_be_there(law: Law) -> None:
    tables = {entity: dict(columns) for entity, columns in facts().tables.items()}
    del tables["person"]["birth_date"]
    with pytest.raises(EngineError, match="person table has no column 'birth_date'"):
        law.program(OCTOBER).explain(HouseholdFacts(tables["person"], tables["household"], tables["claim"]))
