from zhida.engine.api import Entity, FactDefinition
from zhida.kernel.text import Text

__all__ = ["Claim", "Contribution", "Household", "Person"]

Household = Entity("household", "households")
Person = Entity("person", "members", parent=Household)
Claim = Entity("claim", "claims", parent=Person)
Contribution = Entity("contribution", "contributions", parent=Person)

CITY = (330102, 330105, 330106, 330108, 330127)
AREAS = {"city": CITY, "city_proper": CITY[:4]}


def _fact(name: str, entity: str, dtype: str, unit: str = "", codes: tuple[str, ...] = (), scale: int = 0) -> FactDefinition:
    words = name.replace("_", " ")
    return FactDefinition(name, entity, dtype, unit, scale, codes, Text(words, words), department="civil_affairs", record_type="sample")


FACTS = [
    _fact("birth_date", "person", "date"),
    _fact("sex", "person", "code", codes=("male", "female")),
    _fact("died_on", "person", "date"),
    _fact("degree", "person", "code", codes=("bachelor", "master", "doctor")),
    _fact("disability_level", "person", "integer"),
    _fact("wage", "person", "money", "yuan/month"),
    _fact("employer", "person", "organisation"),
    _fact("hukou_area", "person", "area6"),
    _fact("insured_months", "person", "integer", "month"),
    _fact("disabled", "person", "bool"),
    _fact("mother", "person", "resident", "id"),
    _fact("father", "person", "resident", "id"),
    _fact("household_income", "household", "money", "yuan/month"),
    _fact("rent", "household", "money", "yuan/month"),
    _fact("dwelling_area", "household", "decimal", "m2", scale=2),
    _fact("means_tested", "household", "bool"),
    _fact("claim_cost", "claim", "money", "yuan"),
    _fact("claim_tier", "claim", "code", codes=("tertiary", "other_hospital", "community_clinic")),
    _fact("claim_settled_on", "claim", "date"),
    _fact("paid_month", "contribution", "month"),
    _fact("paid", "contribution", "bool"),
]
