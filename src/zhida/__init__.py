"""Zhida (直达): facts in, rules over them, delivery to residents, evaluation against the plan."""

__version__ = "0.1.0"
