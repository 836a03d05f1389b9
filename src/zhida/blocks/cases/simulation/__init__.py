"""A life event tried with a thousand made-up cases: where they wait, and for whom. No database, nobody's data.

plan.py      simulation.yaml: arrivals, officers and minutes, shares of what people say and what is found
office.py    office time: the hours of a day, the days of the real calendar
routes.py    the real process, asked where a case goes next; what was asked before is remembered
running.py   the event queue: cases arrive, wait at desks, are worked on, sent back, refused
results.py   what came of it: waiting, days until done against the promise, the bottleneck, one more officer there
"""

from zhida.blocks.cases.simulation.plan import DeskPlan, Plan, plan_problems, read_plan, undrawn
from zhida.blocks.cases.simulation.results import DeskResult, OneMore, Simulated, findings, simulate_cases

__all__ = ["DeskPlan", "DeskResult", "OneMore", "Plan", "Simulated", "findings", "plan_problems", "read_plan", "simulate_cases", "undrawn"]
