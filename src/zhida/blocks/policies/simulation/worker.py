"""The process that works off simulations, begun by asked.py: ``python -m zhida.blocks.policies.simulation.worker LOCK``.

Imports no models before Django is up.
"""

from __future__ import annotations

import os
import sys


def main(lock: int) -> None:
    """Work until nothing waits. lock: the file descriptor of the lock that was handed over, see asked.py."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhida.project.settings")
    # Processes that this one starts have no business with it.
    os.set_inheritable(lock, False)
    django.setup()
    from zhida.blocks.policies.simulation import asked

    asked.work(lock)


if __name__ == "__main__":
    main(int(sys.argv[1]))
