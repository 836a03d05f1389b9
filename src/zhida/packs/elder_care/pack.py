from zhida.blocks.policies.api import LifeEvent, Pack, PublicService, Text

PACK = Pack(
    label=Text("养老助老", "Elder care"),
    life_events=(
        LifeEvent("growing_old", Text("步入高龄", "Growing old"), services=("old_age_allowance", "basic_pension")),
        LifeEvent("losing_self_care", Text("失去自理能力", "Losing the ability to care for oneself"), services=("long_term_care",)),
    ),
    public_services=(
        PublicService("old_age_allowance", Text("高龄老人生活津贴", "Old-age allowance"), "civil_affairs", ("gaoling",)),
        PublicService("basic_pension", Text("城乡居民基本养老保险", "Residents' basic pension"), "human_resources", ("yanglao_jichu",)),
        PublicService(
            "long_term_care",
            Text("长期护理保险", "Long-term care insurance"),
            "medical_insurance",
            ("changhuxian_jigou", "changhuxian_jujia", "changhuxian_canbao"),
        ),
    ),
)
