from zhida.blocks.policies.api import Pack, Text

PACK = Pack(label=Text("医疗保障", "Medical insurance"))
