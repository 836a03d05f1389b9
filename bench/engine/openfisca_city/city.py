"""The twelve city rules and their totals as OpenFisca variables, on top of the whole country template. Amounts are whole fen a month.

OpenFisca's ``int`` is int32 and its ``float`` float32: amounts are ``int`` (exact to 21 million yuan), products are worked out in int64.
Written as its documentation advises: scales for brackets, ``household.sum`` and ``nb_persons`` for members, ``where`` for ``if``. Where
that is slow (a parameter by zone), the faster way is taken: an array of the values, indexed by the code.
"""

from numpy import array, int64, maximum, minimum, rint, where
from openfisca_core.periods import MONTH
from openfisca_core.variables import Variable
from openfisca_country_template.entities import Household, Person

PER_CENT = 100
BASIS_POINTS = 10_000
HUNDREDTHS_OF_M2 = 100


def half_up(amount, divisor):
    """Divide whole numbers that are not negative, halves up."""
    return (amount + divisor // 2) // divisor


# ---- inputs -----------------------------------------------------------------------------------------------------------------------------


class salary_fen(Variable):
    value_type = int
    entity = Person
    definition_period = MONTH
    label = "Salary"


class capital_fen(Variable):
    value_type = int
    entity = Person
    definition_period = MONTH
    label = "Capital income"


class disability(Variable):
    value_type = int
    entity = Person
    definition_period = MONTH
    label = "Level of disability, 0 none, 1 the most severe"


class rent_fen(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "Rent"


class floor_area(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "Floor area in hundredths of a square metre"


class region(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "Region, 1 to 16"


# ---- steps on the way -------------------------------------------------------------------------------------------------------------------


class household_size(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "Members"

    def formula(household, _period):
        return household.nb_persons()


class children(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "Members below the age of majority"

    def formula(household, period, parameters):
        return household.sum(household.members("age", period) < parameters(period).city.child_age)


class elders(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "Members at or above the age of elders"

    def formula(household, period, parameters):
        return household.sum(household.members("age", period) >= parameters(period).city.elder_age)


class gross_income(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "Salaries and capital income of all members"

    def formula(household, period):
        return household.sum(household.members("salary_fen", period)) + household.sum(household.members("capital_fen", period))


# ---- persons ----------------------------------------------------------------------------------------------------------------------------


class age_allowance(Variable):
    value_type = int
    entity = Person
    definition_period = MONTH
    label = "1 By age"

    def formula(person, period, parameters):
        return parameters(period).city.age_allowance.calc(person("age", period))


class disability_allowance(Variable):
    value_type = int
    entity = Person
    definition_period = MONTH
    label = "2 By level of disability"

    def formula(person, period, parameters):
        return array(parameters(period).city.disability_allowance)[person("disability", period)]


class care_supplement(Variable):
    value_type = int
    entity = Person
    definition_period = MONTH
    label = "3 For the severely disabled, young or old"

    def formula(person, period, parameters):
        city = parameters(period).city
        age = person("age", period)
        needs_care = (age >= city.elder_age) | (age < city.care_supplement.young_age)
        return needs_care * array(city.care_supplement.amount)[person("disability", period)]


class partial_basic_income(Variable):
    value_type = int
    entity = Person
    definition_period = MONTH
    label = "4 For adults of working age, less with more income"

    def formula(person, period, parameters):
        rule = parameters(period).city.partial_basic_income
        age = person("age", period)
        income = person("salary_fen", period).astype(int64) + person("capital_fen", period)
        taken = half_up(maximum(income - rule.free_income, 0) * rule.taper, PER_CENT)
        entitled = (age >= parameters(period).city.child_age) & (age < rule.retirement_age)
        return where(entitled, maximum(rule.amount - taken, 0), 0)


class child_allowance(Variable):
    value_type = int
    entity = Person
    definition_period = MONTH
    label = "5 For each child, by the number of children"

    def formula(person, period, parameters):
        city = parameters(period).city
        amount = city.child_allowance.amount.calc(person.household("children", period))
        return where(person("age", period) < city.child_age, amount, 0)


class transport(Variable):
    value_type = int
    entity = Person
    definition_period = MONTH
    label = "6 For the old and the severely disabled"

    def formula(person, period, parameters):
        rule = parameters(period).city.transport
        age = person("age", period)
        level = person("disability", period)
        full = (age >= rule.full_age) | ((level > 0) & (level <= rule.severe_level))
        return where(full, rule.full, where(age >= rule.half_age, rule.half, 0))


class contribution(Variable):
    value_type = int
    entity = Person
    definition_period = MONTH
    label = "7 Marginal scale on the salary"

    def formula(person, period, parameters):
        slices = parameters(period).city.contribution.calc(person("salary_fen", period))
        return half_up(rint(slices).astype(int64), BASIS_POINTS)


class person_benefits(Variable):
    value_type = int
    entity = Person
    definition_period = MONTH
    label = "Rules 1 to 6 together"

    def formula(person, period):
        return (
            person("age_allowance", period)
            + person("disability_allowance", period)
            + person("care_supplement", period)
            + person("partial_basic_income", period)
            + person("child_allowance", period)
            + person("transport", period)
        )


# ---- households -------------------------------------------------------------------------------------------------------------------------


class elder_alone(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "8 For households of elders only"

    def formula(household, period, parameters):
        size = household("household_size", period)
        only_elders = household("elders", period) == size
        return only_elders * array(parameters(period).city.elder_alone)[size]


class topup(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "9 Up to the standard of the region, after a means test"

    def formula(household, period, parameters):
        rule = parameters(period).city.topup
        salaries = household.sum(household.members("salary_fen", period)).astype(int64)
        capital = household.sum(household.members("capital_fen", period)).astype(int64)
        counted = half_up(salaries * rule.counted, PER_CENT) + capital
        standard = household("household_size", period) * array(rule.standard)[household("region", period)]
        return maximum(standard - counted, 0)


class rent_allowance(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "10 For tenants, by household size and area"

    def formula(household, period, parameters):
        rule = parameters(period).city.rent_allowance
        size = household("household_size", period)
        occupancy = household("housing_occupancy_status", period)
        tenant = occupancy == occupancy.possible_values.tenant
        entitled = tenant & (household("gross_income", period) <= rule.income_limit * size)
        rent = minimum(household("rent_fen", period), array(rule.highest_rent)[size])
        fits = household("floor_area", period) <= array(rule.largest_area)[size]
        share = where(fits, rule.share, rule.reduced_share)
        return where(entitled, half_up(rent * share, PER_CENT), 0)


class heating(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "11 By region and heated area"

    def formula(household, period, parameters):
        rule = parameters(period).city.heating
        occupancy = household("housing_occupancy_status", period)
        housed = occupancy != occupancy.possible_values.homeless
        cap = rule.area_base + rule.area_member * household("household_size", period)
        area = minimum(household("floor_area", period), cap)
        price = array(rule.price)[household("region", period)]
        return where(housed, half_up(area * price, HUNDREDTHS_OF_M2), 0)


class child_poverty(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "12 For each child of a poor household"

    def formula(household, period, parameters):
        rule = parameters(period).city.child_poverty
        children = household("children", period)
        adults = household("household_size", period) - children
        line = rule.line * (adults.astype(int64) * PER_CENT + children * rule.child_weight)
        income = household("gross_income", period).astype(int64) + household("topup", period)
        return where(income * PER_CENT < line, children * rule.amount, 0)


class members_benefits(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "Benefits of all members"

    def formula(household, period):
        return household.sum(household.members("person_benefits", period))


class household_benefits(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "All twelve but the contribution, of the household and its members"

    def formula(household, period):
        return (
            household("members_benefits", period)
            + household("elder_alone", period)
            + household("topup", period)
            + household("rent_allowance", period)
            + household("heating", period)
            + household("child_poverty", period)
        )


class household_contributions(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "Contributions of all members"

    def formula(household, period):
        return household.sum(household.members("contribution", period))


class net_income(Variable):
    value_type = int
    entity = Household
    definition_period = MONTH
    label = "What the household has in the end"

    def formula(household, period):
        return household("gross_income", period) + household("household_benefits", period) - household("household_contributions", period)
