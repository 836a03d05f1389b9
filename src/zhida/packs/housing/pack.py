"""A home to live in."""

from zhida.blocks.policies.api import LifeEvent, Pack, PublicService, Text

PACK = Pack(
    label=Text("住房保障", "Housing"),
    life_events=(
        LifeEvent("renting", Text("租房", "Renting a home"), services=("rent_allowance",)),
        LifeEvent("home_bought", Text("购房", "Buying a home"), services=("talent_housing",)),
    ),
    public_services=(
        PublicService("rent_allowance", Text("公租房货币补贴", "Rent allowance"), department="housing", benefits=("gongzufang_huobi",)),
        PublicService("talent_housing", Text("人才购房补贴", "Talent housing"), department="human_resources", benefits=("rencai_goufang",)),
    ),
)
