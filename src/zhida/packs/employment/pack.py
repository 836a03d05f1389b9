"""Work: losing it, finding it, founding a business, starting after graduation."""

from zhida.blocks.policies.api import LifeEvent, Pack, PublicService, Text

PACK = Pack(
    label=Text("就业创业", "Work and enterprise"),
    life_events=(
        LifeEvent("job_lost", Text("失业", "Losing work"), services=("unemployment",)),
        LifeEvent("job_found", Text("再就业", "Back to work"), services=("employment_support",)),
        LifeEvent("business_founded", Text("创业", "Founding a business"), services=("startup_support",)),
        LifeEvent("graduation", Text("毕业", "Graduation"), services=("graduate_support",)),
    ),
    public_services=(
        PublicService(
            "unemployment",
            Text("失业保障", "Unemployment security"),
            department="human_resources",
            benefits=("shiye_baoxianjin", "dibao_shiye_shenghuo"),
        ),
        PublicService(
            "employment_support",
            Text("就业援助", "Help into work"),
            department="human_resources",
            benefits=("shebao_butie_yongren", "linghuo_shebao", "gongyixing_gangwei", "gongyixing_gangwei_zhuijia"),
        ),
        PublicService(
            "startup_support",
            Text("创业扶持", "Support for founders"),
            department="human_resources",
            benefits=("chuangye_danbao", "chuangye_butie", "chuangye_shebao", "daidong_jiuye"),
        ),
        PublicService(
            "graduate_support",
            Text("毕业生补贴", "Support for graduates"),
            department="human_resources",
            benefits=("daxuesheng_shenghuo", "daxuesheng_xibu", "daxuesheng_zufang"),
        ),
    ),
)
