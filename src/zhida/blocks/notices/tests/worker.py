"""Sends what is due in a process of its own, for tests of what happens at the same time and under SIGKILL.

``python -m zhida.blocks.notices.tests.worker`` waits for a line on its input, delivers, and prints how many it sent.
"""

from __future__ import annotations

import sys


def main() -> None:
    import django

    django.setup()
    from zhida.blocks.notices import api

    print("ready", flush=True)
    sys.stdin.readline()
    print(api.deliver().sent, flush=True)


if __name__ == "__main__":
    main()
