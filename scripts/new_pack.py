"""Copy the smallest pack as the start of a new one: `make new-pack NAME=my_pack`."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

PACKS = Path(__file__).resolve().parent.parent / "src" / "zhida" / "packs"

PACK = '''"""What the pack {name} declares about itself."""

from zhida.blocks.policies.api import Pack, Text

PACK = Pack(label=Text("{name}", "{name}"))
'''
VARIABLES = '''"""The rules of the pack {name}. Numbers stand in parameters/, never here."""
'''


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if not re.fullmatch(r"[a-z][a-z0-9_]{2,30}", name):
        print("Say which pack to make, in small letters: make new-pack NAME=my_pack", file=sys.stderr)
        return 2
    folder = PACKS / name
    if folder.exists():
        print(f"The pack {name} exists already; choose another name or edit {folder.relative_to(PACKS.parents[2])}.", file=sys.stderr)
        return 1
    (folder / "parameters").mkdir(parents=True)
    (folder / "tests" / "situations").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "pack.py").write_text(PACK.format(name=name))
    (folder / "variables.py").write_text(VARIABLES.format(name=name))
    shutil.copyfile(PACKS / "housing" / "README.md", folder / "README.md")
    print(f"Made {folder.relative_to(PACKS.parents[2])}. Read packs/README.md, edit its files, then add {name} to ZHIDA_PACKS.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
