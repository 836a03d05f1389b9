"""The checks of a contract, written as SQL: a feed of any size is checked column by column inside DuckDB.

For every field there is an expression that gives the typed value (null where it cannot be read) and a list of conditions,
each with the reason it stands for. The first condition that holds is the row's problem. Values as stored:

    id_number                   BIGINT, the first 17 digits (the 18th follows from them)
    date, month                 DATE (a month is its first day)
    money_yuan, decimal         BIGINT, fen or hundredths
    code                        TINYINT, position in the contract's codes, from 1
    area6, area12, household_no, digits   BIGINT
    text, uscc, bank_account    VARCHAR
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from zhida.blocks.records.record_types import Field, RecordType
from zhida.kernel.warehouse import sql_text

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
EARLIEST, LATEST = date(1900, 1, 1), date(2100, 12, 31)
# The first two digits of GB/T 2260: a registered area outside the city is known by its province only.
PROVINCES = (11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46)
PROVINCES += (50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82)


@dataclass(frozen=True)
class Problem:
    """One way a row can fail: the reason code, the field it is about, and the SQL condition."""

    reason: str
    field: str
    condition: str


def macros() -> list[str]:
    """Return the SQL functions the conditions use."""
    id_sum = " + ".join(f"{weight} * ((v // {10 ** (16 - i)}) % 10)" for i, weight in enumerate(_ID_WEIGHTS))
    last = "CASE WHEN upper(r[18]) = 'X' THEN 10 ELSE ascii(r[18]) - 48 END"
    uscc = " + ".join(f"{pow(3, i, 31)} * (strpos('{_USCC_ALPHABET}', r[{i + 1}]) - 1)" for i in range(17))
    digits = [f"((v // {10**i}) % 10)" for i in range(19)]
    luhn = " + ".join(d if i % 2 == 0 else f"(2 * {d} - CASE WHEN {d} > 4 THEN 9 ELSE 0 END)" for i, d in enumerate(digits))
    return [
        f"CREATE MACRO id_text(v) AS v::VARCHAR || '10X98765432'[({id_sum}) % 11 + 1]",
        f"CREATE MACRO id_check_ok(r, v) AS (({id_sum}) + ({last})) % 11 = 1",
        "CREATE MACRO day_exists(y, m, d) AS m BETWEEN 1 AND 12 AND d >= 1 AND (d <= 28 OR (d <= 30 AND m <> 2)"
        " OR (d = 31 AND m IN (1, 3, 5, 7, 8, 10, 12)) OR (d = 29 AND m = 2 AND y % 4 = 0 AND (y % 100 <> 0 OR y % 400 = 0)))",
        "CREATE MACRO id_day_ok(v, latest) AS (v // 10000000) % 10000 >= 1850 AND (v // 1000) % 100000000 <= latest"
        " AND day_exists((v // 10000000) % 10000, (v // 100000) % 100, (v // 1000) % 100)",
        f"CREATE MACRO uscc_ok(r) AS length(r) = 18 AND regexp_full_match(r, '[{_USCC_ALPHABET}]{{18}}')"
        f" AND (({uscc}) + strpos('{_USCC_ALPHABET}', r[18]) - 1) % 31 = 0",
        f"CREATE MACRO luhn_ok(v) AS ({luhn}) % 10 = 0",
        "CREATE MACRO two_decimals(r) AS strpos(r, '.') = 0 OR length(r) - strpos(r, '.') BETWEEN 1 AND 2",
    ]


def raw_name(field: Field) -> str:
    return f"r_{field.name}"


def value_expression(field: Field) -> str:
    """Return the SQL that reads one raw cell into its stored value."""
    raw = raw_name(field)
    match field.type:
        case "id_number":
            return f"TRY_CAST(left({raw}, 17) AS BIGINT)"
        case "date":
            return f"CASE WHEN length({raw}) = 10 THEN TRY_CAST({raw} AS DATE) END"
        case "month":
            return f"CASE WHEN length({raw}) = 7 THEN TRY_CAST({raw} || '-01' AS DATE) END"
        case "integer":
            return f"TRY_CAST({raw} AS INTEGER)"
        case "decimal" | "money_yuan":
            return f"(TRY_CAST({raw} AS DECIMAL(17, 2)) * 100)::BIGINT"
        case "boolean":
            return f"CASE {raw} WHEN '是' THEN true WHEN '否' THEN false END"
        case "code":
            cases = " ".join(f"WHEN '{zh}' THEN {i}" for i, (_, zh) in enumerate(field.codes, 1))
            return f"(CASE {raw} {cases} END)::TINYINT"
        case "area6" | "area12" | "household_no" | "digits":
            return f"TRY_CAST({raw} AS BIGINT)"
        case _:
            return raw


def text_expression(field: Field) -> str:
    """Return the SQL that writes a stored value as a department would deliver it: the way back of ``value_expression``."""
    value = field.name
    match field.type:
        case "id_number":
            text = f"id_text({value})"
        case "month":
            text = f"strftime({value}, '%Y-%m')"
        case "decimal" | "money_yuan":
            text = f"({value}::DECIMAL(17, 2) / 100)::DECIMAL(17, 2)::VARCHAR"
        case "boolean":
            text = f"CASE {value} WHEN true THEN '是' WHEN false THEN '否' END"
        case "code":
            text = f"[{', '.join(sql_text(zh) for _, zh in field.codes)}][{value}]"
        case _:
            text = f"{value}::VARCHAR"
    return f"coalesce({text}, '')"


def problems(contract: RecordType, received_on: date) -> list[Problem]:
    """Return every check of a contract in the order in which a row's problem is chosen."""
    found = [problem for field in contract.fields for problem in _field_problems(field, received_on)]
    return found + [
        Problem("date_mismatch", field.name, f"(r_{field.matches})[7:14] <> replace({raw_name(field)}, '-', '')")
        for field in contract.fields
        if field.matches
    ]


def _field_problems(field: Field, received_on: date) -> list[Problem]:
    raw, value = raw_name(field), field.name
    pairs = [("missing_required", f"{raw} IS NULL")] if field.required else []
    pairs += _type_problems(field, raw, value, received_on)
    if field.type in ("integer", "decimal", "money_yuan"):
        factor = 1 if field.type == "integer" else 100
        pairs += [("out_of_range", f"{value} < {limit * factor}") for limit in [field.minimum] if isinstance(limit, int)]
        pairs += [("out_of_range", f"{value} > {limit * factor}") for limit in [field.maximum] if isinstance(limit, int)]
    return [Problem(reason, field.name, condition) for reason, condition in pairs]


def _type_problems(field: Field, raw: str, value: str, received_on: date) -> list[tuple[str, str]]:
    unread = f"{raw} IS NOT NULL AND {value} IS NULL"
    plain = f"{unread} OR {value}::VARCHAR <> {raw}"
    match field.type:
        case "id_number":
            latest = received_on.strftime("%Y%m%d")
            return [
                (
                    "id_unreadable",
                    f"{unread} OR length({raw}) <> 18 OR {value}::VARCHAR <> left({raw}, 17) OR strpos('0123456789Xx', {raw}[18]) = 0",
                ),
                ("date_impossible", f"NOT id_day_ok({value}, {latest})"),
                ("id_check_digit", f"NOT id_check_ok({raw}, {value})"),
            ]
        case "date" | "month":
            earliest, latest = field.minimum or EARLIEST, received_on if field.past else LATEST
            return [("date_impossible", f"{unread} OR {value} < DATE '{earliest}' OR {value} > DATE '{latest}'")]
        case "integer":
            return [("number_unreadable", plain)]
        case "decimal" | "money_yuan":
            return [("number_unreadable", f"{unread} OR NOT two_decimals({raw}) OR contains(lower({raw}), 'e')")]
        case "household_no" | "digits":
            return [("number_unreadable", f"{plain} OR {value} <= 0")]
        case "boolean" | "code":
            return [("unknown_code", unread)]
        case "area6" | "area12":
            return _area_problems(field, unread, value)
        case "uscc":
            return [("organisation_code_invalid", f"NOT uscc_ok({raw})")]
        case "bank_account":
            number = f"TRY_CAST({raw} AS BIGINT)"
            unreadable = f"({number} IS NULL OR length({raw}) NOT BETWEEN 12 AND 19 OR {number}::VARCHAR <> ltrim({raw}, '0'))"
            return [("account_number_invalid", f"{raw} IS NOT NULL AND ({unreadable} OR NOT luhn_ok({number}))")]
        case _:
            return []


def _area_problems(field: Field, unread: str, value: str) -> list[tuple[str, str]]:
    # The tables `abolished(district)`, `district(code)` and `community(code)` stand beside the feed while it is checked.
    district = value if field.type == "area6" else f"{value} // 1000000"
    if field.type == "area12":
        known = f"{value} IN (SELECT code FROM community)"
    else:
        provinces = ", ".join(map(str, PROVINCES))
        known = (
            f"{value} IN (SELECT code FROM district) OR"
            f" ({value} BETWEEN 110000 AND 829999 AND {value} // 10000 IN ({provinces})"
            f" AND {value} // 100 <> (SELECT min(code) // 100 FROM district))"
        )
    return [
        ("area_unknown", unread),
        ("area_abolished", f"{district} IN (SELECT code FROM abolished)"),
        ("area_unknown", f"{value} IS NOT NULL AND NOT ({known})"),
    ]
