"""What the demonstration owes to organisations reaches their accounts; where an account was closed, the money is held and says why."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

PER_BENEFIT = """
SELECT benefit, sum(EXISTS (SELECT 1 FROM payments_bankanswer a WHERE a.transaction_id = t.id AND a.event = 'paid')),
       sum(state = 'held' AND reason_code = 'no_organisation_account'), sum(state = 'held'), count(*)
FROM payments_credittransfertransaction t WHERE payee_key LIKE 'org:%' GROUP BY benefit
"""


def test_employers_and_the_childrens_home_are_paid(demo_home: Any) -> None:
    with sqlite3.connect(f"file:{Path(demo_home[0]) / 'zhida.sqlite3'}?mode=ro", uri=True) as db:
        found = {benefit: counts for benefit, *counts in db.execute(PER_BENEFIT)}
    assert {"guer_jigou", "shebao_butie_yongren", "gongyixing_gangwei"} <= set(found)
    for benefit, (paid, without_account, held, every) in found.items():
        assert paid > every / 2, benefit
        assert held == without_account < every / 4, benefit
    assert found["guer_jigou"][2] == 0
    assert sum(counts[1] for counts in found.values()) > 0, "a few employers have closed their account"
