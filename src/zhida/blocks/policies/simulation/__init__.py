"""Simulating a reform: what it would cost, who would gain and lose, what it would do to poverty and inequality (docs/decisions/0016)."""
