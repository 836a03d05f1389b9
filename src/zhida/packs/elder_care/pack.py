from zhida.blocks.policies.api import Pack, Text

PACK = Pack(label=Text("养老助老", "Elder care"))
