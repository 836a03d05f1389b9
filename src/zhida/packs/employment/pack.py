"""Work: losing it, finding it, founding a business, starting after graduation."""

from zhida.blocks.policies.api import Pack, Text

PACK = Pack(label=Text("就业创业", "Work and enterprise"))
