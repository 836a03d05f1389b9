"""Having and raising children."""

from zhida.blocks.policies.api import LifeEvent, Pack, PublicService, Text

PACK = Pack(
    label=Text("生育养育", "Having and raising children"),
    life_events=(
        LifeEvent("pregnancy", Text("怀孕", "Expecting a child"), services=("birth_grants",)),
        LifeEvent("birth", Text("出生", "A child is born"), services=("birth_grants", "childcare_allowance")),
    ),
    public_services=(
        PublicService(
            "birth_grants",
            Text("孕产与育儿补助", "Pregnancy and birth grants"),
            department="health",
            benefits=("yunchan_2023", "yuer_2023"),
        ),
        PublicService("childcare_allowance", Text("育儿补贴", "Childcare allowance"), department="health", benefits=("guojia_yuer_2025",)),
    ),
)
