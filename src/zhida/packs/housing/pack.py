"""A home to live in."""

from zhida.blocks.policies.api import Pack, Text

PACK = Pack(label=Text("住房保障", "Housing"))
