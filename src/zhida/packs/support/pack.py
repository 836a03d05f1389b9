from zhida.blocks.policies.api import Pack, Text

PACK = Pack(label=Text("基本生活保障", "Basic support"))
