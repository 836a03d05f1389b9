"""Having and raising children."""

from zhida.blocks.policies.api import Pack, Text

PACK = Pack(label=Text("生育养育", "Having and raising children"))
