"""One payment command in a process of its own, for tests of what happens at the same time and under SIGKILL.

``python -m zhida.blocks.payments.tests.worker COMMAND ARGUMENT [ACCOUNT]`` waits for a line on its input, does it, and prints
what came of it.
"""

from __future__ import annotations

import sys


def main(command: str, argument: str, account: str = "checker") -> None:
    import django

    django.setup()
    from zhida.blocks.access.api import Viewer
    from zhida.blocks.payments import api
    from zhida.blocks.payments.commands import prepare_from
    from zhida.blocks.payments.differences import DecisionSource
    from zhida.blocks.payments.testing import MAKER, MadeUpFacts
    from zhida.kernel.errors import ZhidaError

    facts = MadeUpFacts()
    work = {
        "prepare": lambda: prepare_from(MAKER, DecisionSource(1, "2025-10", argument), facts),
        "approve": lambda: api.approve_batch(Viewer(account, "payment_checker", "330100"), int(argument), facts),
        "release": lambda: api.release_batch(MAKER, int(argument), facts),
        "import": lambda: api.import_bank_file(MAKER, argument).rows,
    }
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        print("nothing" if work[command]() is None else "done", flush=True)
    except ZhidaError as error:
        print(type(error).__name__, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
