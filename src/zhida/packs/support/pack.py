from zhida.blocks.policies.api import LifeEvent, Pack, PublicService, Text

PACK = Pack(
    label=Text("基本生活保障", "Basic support"),
    life_events=(
        LifeEvent(
            "hardship", Text("家庭生活困难", "Falling on hard times"), services=("minimum_living", "low_income_relief", "emergency_relief")
        ),
        LifeEvent("child_without_care", Text("孩子失去照料", "A child loses its carers"), services=("children_in_need",)),
        LifeEvent("disability", Text("身有残疾", "Living with a disability"), services=("disability_allowances",)),
    ),
    public_services=(
        PublicService(
            "minimum_living", Text("最低生活保障与特困供养", "Minimum living security"), "civil_affairs", ("dibao", "dibian", "tekun")
        ),
        PublicService(
            "low_income_relief", Text("困难家庭费用减免", "Relief from household bills"), "civil_affairs", ("wuye_fuwu", "mianfei_dian")
        ),
        PublicService("emergency_relief", Text("临时救助", "Emergency relief"), "civil_affairs", ("linshi_jiuzhu",)),
        PublicService(
            "children_in_need", Text("儿童福利", "Children in need"), "civil_affairs", ("guer_jigou", "guer_sanju", "kunjing_ertong")
        ),
        PublicService(
            "disability_allowances", Text("残疾人两项补贴", "Disability allowances"), "civil_affairs", ("canji_shenghuo", "canji_huli")
        ),
    ),
)
