from zhida.blocks.policies.api import LifeEvent, Pack, PublicService, Text

PACK = Pack(
    label=Text("医疗保障", "Medical insurance"),
    life_events=(LifeEvent("illness", Text("看病住院", "Falling ill"), services=("employee_medical", "resident_medical")),),
    public_services=(
        PublicService(
            "employee_medical",
            Text("职工基本医疗保险", "Employees' medical insurance"),
            "medical_insurance",
            ("yibao_zhigong_zhuyuan", "yibao_zhigong_menzhen"),
        ),
        PublicService(
            "resident_medical",
            Text("城乡居民基本医疗保险", "Residents' medical insurance"),
            "medical_insurance",
            ("yibao_jumin_zhuyuan", "yibao_jumin_menzhen"),
        ),
    ),
)
