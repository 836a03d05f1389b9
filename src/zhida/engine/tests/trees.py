# mypy: ignore-errors
"""More trees with a small made-up law each: an employer's refund, a building's colour, a course's subsidy, a town's prizes."""

from datetime import date

from zhida.engine import api as e
from zhida.engine.api import Entity, FactDefinition, Parameter
from zhida.engine.law import Law
from zhida.engine.parameters import Entry, Scale
from zhida.engine.tests.sample.entities import AREAS, CITY
from zhida.engine.units import Unit
from zhida.kernel.period import NEVER
from zhida.kernel.text import Text

Employer = Entity("employer", "employers", label=Text("用人单位", "Employer"))
Employee = Entity("employee", "employees", Employer, Text("职工", "Employee"))
InsuredMonth = Entity("insured_month", "insured_months", Employee, Text("参保月", "Insured month"))

Building = Entity("building", "buildings", label=Text("楼栋", "Building"), key="building_id")
Dwelling = Entity("dwelling", "dwellings", Building, Text("房屋", "Dwelling"))
Occupant = Entity("occupant", "occupants", Dwelling, Text("住户", "Occupant"), key="tenancy")

Course = Entity("course", "courses", label=Text("课程", "Course"))
Enrolment = Entity("enrolment", "enrolments", Course, Text("报名", "Enrolment"))

Town = Entity("town", "towns", label=Text("镇", "Town"))
School = Entity("school", "schools", Town, Text("学校", "School"))
Form = Entity("form", "forms", School, Text("班级", "Form"))
Pupil = Entity("pupil", "pupils", Form, Text("学生", "Pupil"))


def _fact(entity, name, dtype, unit="", codes=()):
    words = name.replace("_", " ")
    return FactDefinition(name, entity.name, dtype, unit, 0, codes, Text(words, words))


EMPLOYER_FACTS = [
    _fact(Employee, "hired_on", "date"),
    _fact(InsuredMonth, "month", "month"),
    _fact(InsuredMonth, "insured", "bool"),
    _fact(InsuredMonth, "contribution", "money", "yuan"),
]
BUILDING_FACTS = [
    _fact(Building, "gas", "bool"),
    _fact(Dwelling, "unsafe", "bool"),
    _fact(Dwelling, "floor", "integer"),
    _fact(Occupant, "birth_date", "date"),
    _fact(Occupant, "alone", "bool"),
    _fact(Occupant, "tenant_kind", "code", codes=("owner", "lodger")),
]
COURSE_FACTS = [
    _fact(Course, "hours", "integer", "hour"),
    _fact(Course, "ends_on", "date"),
    _fact(Course, "urgent", "bool"),
    _fact(Enrolment, "attended", "integer", "hour"),
    _fact(Enrolment, "passed", "bool"),
    _fact(Enrolment, "fee", "money", "yuan"),
]
TOWN_FACTS = [
    _fact(School, "rural", "bool"),
    _fact(Form, "grade", "integer"),
    _fact(Pupil, "mark", "integer"),
    _fact(Pupil, "meals", "money", "yuan"),
]


def _number(name, unit, value, scale=0, **more):
    long_ago = date(2000, 1, 1)
    return Parameter(name, Text(name, name), "number", Unit.parse(unit), scale, (), (Entry(long_ago, NEVER, long_ago, (), value),), **more)


def _scale(name, threshold_unit, *steps):
    """steps: (threshold, share in hundredths)."""
    thresholds, shares = zip(*steps, strict=True)
    return _number(name, "1", Scale(thresholds, shares), 2, is_scale=True, threshold_unit=Unit.parse(threshold_unit))


PARAMETERS = [
    _number("year_months", "month", 12),
    _number("twelve", "1", 12),
    _number("steady_months", "month", 6),
    _number("steady_share", "1", 5, 1),
    _scale("refund_rates", "1", (0, 60), (3, 30)),
    _number("amber_share", "1", 1, 1),
    _number("red_share", "1", 25, 2),
    _number("rehousing_grant", "fen", 300000),
    _number("attendance_share", "1", 8, 1),
    _number("hour_rate", "fen/hour", 2000),
    _number("fee_share", "1", 9, 1),
    _scale("organiser_rates", "fen", (0, 20), (100000, 5)),
]


# ---- employers: part of what was paid in comes back to who kept its staff ----------------------------------------------------------------


@e.variable(Employee, unit="month", label=("连续参保月数", "Months insured in a row"))
def insured_in_a_row(employee, period):
    return e.months_in_a_row(employee.insured_months.month, until=period.start, where=employee.insured_months.insured)


@e.variable(Employee, unit="month", label=("最长参保月数", "Longest spell insured"))
def longest_insured(employee, period):
    return e.longest_spell(employee.insured_months.month, until=period.start, where=employee.insured_months.insured)


@e.variable(Employee, unit="1", label=("一年内参保月数", "Months insured in a year"))
def insured_in_year(employee, law, period):
    month = employee.insured_months.month
    recent = (month >= e.add_months(period.start, -law.year_months)) & (month < period.start)
    return e.count(employee.insured_months.insured, where=recent)


@e.variable(Employee, unit="fen", label=("缴费", "Contributions"))
def paid_in(employee):
    return e.total(employee.insured_months.contribution, where=employee.insured_months.insured)


@e.variable(Employer, unit="1", label=("月均人数", "Average headcount"))
def headcount(employer, law):
    return e.total(employer.employees.insured_in_year) / law.twelve


@e.benefit(Employer, code="refund", every=e.YEAR, unit="fen", label=("稳岗返还", "Job-retention refund"))
def refund(employer, law):
    steady = e.count(employer.employees.insured_in_a_row >= law.steady_months)
    rate = e.bracket(law.refund_rates, e.round_half_up(employer.headcount))
    is_steady = steady >= e.count(employer.employees) * law.steady_share
    return e.where(is_steady, e.round_down(e.total(employer.employees.paid_in) * rate, e.YUAN), 0)


# ---- buildings: a colour by the share of unsafe dwellings, and what follows for who lives there ------------------------------------------


@e.variable(Building, unit="code", label=("风险颜色", "Risk colour"), codes=("green", "amber", "red"))
def colour(building, law):
    share = e.count(building.dwellings.unsafe) / e.maximum(e.count(building.dwellings), 1)
    return e.select((share >= law.red_share, "red"), (share >= law.amber_share, "amber"), otherwise="green")


@e.benefit(Occupant, code="rehousing", every=e.ONCE, unit="fen", label=("搬迁补助", "Rehousing grant"))
def rehousing(occupant, law):
    """One grant for each unsafe dwelling of a red building, to its eldest occupant."""
    is_due = (occupant.dwelling.building.colour == "red") & occupant.dwelling.unsafe
    return e.where(is_due & (e.rank(occupant.birth_date, within="dwelling") == 1), law.rehousing_grant, 0)


@e.variable(Dwelling, unit="bool", label=("独居", "Somebody lives alone"))
def somebody_alone(dwelling):
    return e.any_of(dwelling.occupants.alone) & (e.count(dwelling.occupants) == 1)


@e.benefit(Building, code="visit", every=e.MONTH, unit="status", label=("上门巡查", "Visit"))
def visit(building):
    return building.gas & e.any_of(building.dwellings.somebody_alone, where=building.dwellings.floor > 0)


@e.benefit(Occupant, code="contact", every=e.ONCE, unit="status", label=("联络人", "Contact"))
def contact(occupant):
    """The eldest owner and the eldest lodger of a building."""
    return (e.rank(occupant.birth_date, same=occupant.tenant_kind) == 1) & (occupant.tenant_kind != "none")


# ---- courses: a learner's fee by attendance, and something on top for who teaches what is urgent -----------------------------------------


@e.benefit(Enrolment, code="fee_back", every=e.ONCE, unit="fen", label=("学费补贴", "Fee back"), occasion="ends_on_of_course")
def fee_back(enrolment, law):
    is_attended = enrolment.attended >= enrolment.course.hours * law.attendance_share
    amount = e.minimum(enrolment.fee * law.fee_share, enrolment.attended * law.hour_rate)
    return e.where(enrolment.passed & is_attended, e.round_half_up(amount), 0)


@e.variable(Enrolment, unit="date", label=("结课日", "Last day"))
def ends_on_of_course(enrolment):
    return enrolment.course.ends_on


@e.benefit(Course, code="organiser", every=e.ONCE, unit="fen", label=("办班补贴", "Organiser's subsidy"))
def organiser(course, law):
    return e.where(course.urgent, e.round_half_up(e.marginal(law.organiser_rates, e.total(course.enrolments.fee_back)), e.YUAN), 0)


# ---- towns: four levels, values and places over two of them ------------------------------------------------------------------------------


@e.variable(Form, unit="fen", label=("班级餐费", "Meals of the form"))
def form_meals(form):
    return e.total(form.pupils.meals, where=form.pupils.mark > 0)


@e.variable(School, unit="fen", label=("学校餐费", "Meals of the school"))
def school_meals(school):
    return e.total(school.forms.form_meals, where=school.forms.grade > 0)


@e.benefit(Pupil, code="prize", every=e.YEAR, unit="fen", label=("奖学金", "Prize"))
def prize(pupil):
    """What a rural school spent on meals, to the pupil who is best of it in each grade."""
    best = e.rank(-pupil.mark, within="school", same=pupil.form.grade) == 1
    return e.where(best & pupil.form.school.rural, pupil.form.school.school_meals, 0)


EMPLOYERS = [insured_in_a_row, longest_insured, insured_in_year, paid_in, headcount, refund]
BUILDINGS = [colour, rehousing, somebody_alone, visit, contact]
COURSES = [fee_back, ends_on_of_course, organiser]
TOWNS = [form_meals, school_meals, prize]


def law_of(*definitions: e.Definition) -> Law:
    """Return a law of some definitions over any of the trees."""
    return Law("trees", definitions, PARAMETERS, [*EMPLOYER_FACTS, *BUILDING_FACTS, *COURSE_FACTS, *TOWN_FACTS], e.Areas(AREAS, CITY), None)
