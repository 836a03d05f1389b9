"""Why a row waits in quarantine, said so that an officer can act: what is wrong, and what to do about it."""

from __future__ import annotations

import difflib
from datetime import date

from zhida.blocks.places import api as places
from zhida.blocks.records.record_types import Field, RecordType
from zhida.kernel.identifiers import id_check_character, luhn_check_digit, uscc_check_character
from zhida.kernel.text import Text

REASONS: dict[str, Text] = {
    "missing_required": Text("必填项为空", "Required cell is empty"),
    "id_unreadable": Text("身份号码不是18位", "Id number does not have 18 characters"),
    "id_check_digit": Text("身份号码校验位不符", "Id number has a wrong check character"),
    "date_impossible": Text("日期不可能", "Impossible date"),
    "date_mismatch": Text("出生日期与身份号码不一致", "Birth date differs from the id number"),
    "number_unreadable": Text("数字无法识别", "Number cannot be read"),
    "out_of_range": Text("数值超出范围", "Number out of range"),
    "unknown_code": Text("代码不在字典中", "Value is not in the list"),
    "area_abolished": Text("区划已撤销", "Area was abolished"),
    "area_unknown": Text("区划代码不存在", "Unknown area code"),
    "organisation_code_invalid": Text("统一社会信用代码不符", "Wrong organisation code"),
    "account_number_invalid": Text("银行账号不符", "Wrong account number"),
    "duplicate_key": Text("同一主键重复", "Same key twice"),
    "row_width": Text("列数与表头不符", "Row has more or fewer cells than the header"),
    # of whole files
    "column_missing": Text("缺少列", "A column is missing"),
    "encoding_unreadable": Text("编码无法识别", "Encoding cannot be read"),
    "file_empty": Text("文件没有数据", "The file is empty"),
}


def explain(contract: RecordType, reason: str, field_name: str, value: str, other_row: int | None, received_on: date) -> tuple[Text, Text]:
    """Return what is wrong with a row and what to do, for one reason code.

    value: the cell as delivered. other_row: the accepted row with the same key.
    """
    field = next((each for each in contract.fields if each.name == field_name), None)
    header = field.header if field else ""
    wrong = REASONS[reason]
    if reason == "duplicate_key":
        return (
            Text(f"与第 {other_row} 行的{header}相同", f"Row {other_row} has the same {header}"),
            Text(
                f"第 {other_row} 行已接收。请核实哪一行正确；若本行正确，确认后将取代第 {other_row} 行。",
                f"Row {other_row} was accepted. Find out which is right; confirming this row replaces row {other_row}.",
            ),
        )
    if reason == "row_width" or field is None:
        return wrong, Text(
            "请来源部门检查该行的逗号与引号后重新报送。", "Ask the department to check commas and quotes of this row and send it again."
        )
    what, fix = _fix(field, reason, value, received_on)
    return Text(f"{header}：{what.zh}", f"{header}: {what.en}"), fix


def _fix(field: Field, reason: str, value: str, received_on: date) -> tuple[Text, Text]:
    match reason:
        case "id_check_digit":
            should = id_check_character(value.strip()[:17])
            return (
                Text(
                    f"校验位应为 {should}，而不是 {value.strip()[-1]}", f"the check character should be {should}, not {value.strip()[-1]}"
                ),
                Text(
                    f"若前17位无误，请将末位改为 {should}；否则请核对原件。",
                    f"If the first 17 digits are right, change the last to {should}; otherwise look at the card.",
                ),
            )
        case "id_unreadable":
            return (
                Text(f"有 {len(value.strip())} 个字符，不是18位", f"has {len(value.strip())} characters, not 18"),
                Text("请按身份证补全为17位数字加校验位。", "Complete it from the card: 17 digits and a check character."),
            )
        case "date_impossible":
            return _impossible_date(field, value, received_on)
        case "date_mismatch":
            return (
                Text("与身份号码中的出生日期不一致", "differs from the date inside the id number"),
                Text("请核对出生日期与身份号码，改正其中一项。", "Compare both with the card and correct one of them."),
            )
        case "area_abolished":
            return _abolished(value)
        case "area_unknown":
            return (
                Text(f"没有代码为 {value} 的区划", f"there is no area with code {value}"),
                Text("请从区划代码表中选择现行的代码。", "Choose a code in force from the table of areas."),
            )
        case "unknown_code":
            return _unknown_code(field, value)
        case "out_of_range":
            limits = f"{'' if field.minimum is None else field.minimum} – {'' if field.maximum is None else field.maximum}"
            return Text(f"{value} 超出范围（{limits}）", f"{value} is outside {limits}"), _ask(field)
        case "organisation_code_invalid" | "account_number_invalid":
            return _check_character(field, reason, value)
        case "missing_required":
            return Text("必填项为空", "is required and empty"), _ask(field)
        case _:
            return Text(f"“{value}”无法识别为{_KINDS[field.type].zh}", f"'{value}' cannot be read as {_KINDS[field.type].en}"), _ask(field)


_KINDS = {
    "integer": Text("整数", "a whole number"),
    "decimal": Text("最多两位小数的数字", "a number with at most two decimals"),
    "money_yuan": Text("最多两位小数的元", "yuan with at most two decimals"),
    "household_no": Text("户号", "a household number"),
    "digits": Text("编号", "a number"),
}


def _ask(field: Field) -> Text:
    return Text(f"请向来源部门核实“{field.header}”后补正。", f"Ask the department for '{field.header}' and enter it.")


def _impossible_date(field: Field, value: str, received_on: date) -> tuple[Text, Text]:
    if field.type == "id_number":
        written = f"{value[6:10]}-{value[10:12]}-{value[12:14]}"
        return (
            Text(
                f"其中的出生日期 {written} 不存在或晚于收到日期",
                f"the birth date inside it, {written}, does not exist or lies in the future",
            ),
            Text("请核对身份证原件后改正号码。", "Look at the card and correct the number."),
        )
    try:
        day = date.fromisoformat(value.strip() + ("-01" if field.type == "month" else ""))
    except ValueError:
        form = "2025-10" if field.type == "month" else "2025-10-31"
        return (
            Text(f"“{value}”不是存在的日期", f"'{value}' is not a day that exists"),
            Text(f"请按 {form} 的格式填写真实日期。", f"Write the real date, as {form}."),
        )
    late = day > received_on
    what = (
        Text(f"{value} 晚于收到日期 {received_on}", f"{value} lies after {received_on}, the day it was received")
        if late
        else Text(f"{value} 过早，不合常理", f"{value} is too early to be true")
    )
    return what, _ask(field)


def _abolished(value: str) -> tuple[Text, Text]:
    district = int(value[:6])
    after = [places.area(code) for code in places.abolished_codes()[district]]
    zh, en = "或".join(f"{a.name.zh} {a.code}" for a in after), " or ".join(f"{a.name.en} {a.code}" for a in after)
    return (
        Text(f"{district} 已于2021年撤销，现为{zh}", f"{district} was abolished in 2021; its ground is now {en}"),
        Text(f"请改用{zh}的代码。", f"Use the code of {en}."),
    )


def _unknown_code(field: Field, value: str) -> tuple[Text, Text]:
    known = [zh for _, zh in field.codes] or ["是", "否"]
    nearest = difflib.get_close_matches(value, known, 1, 0.3)
    hint = Text(f"是否为“{nearest[0]}”？", f"Is it '{nearest[0]}'? ") if nearest else Text("", "")
    return (
        Text(f"“{value}”不在字典中", f"'{value}' is not in the list"),
        Text(f"{hint.zh}可用的值：{'、'.join(known)}。", f"{hint.en}Values: {', '.join(known)}."),
    )


def _check_character(field: Field, reason: str, value: str) -> tuple[Text, Text]:
    should = None
    try:
        should = uscc_check_character(value[:17]) if reason.startswith("org") and len(value) == 18 else None
        should = luhn_check_digit(value[:-1]) if reason.startswith("acc") and value.isdigit() else should
    except ValueError:
        pass
    if should is None or should == value[-1:]:
        return Text("不是有效的号码", "is not a valid number"), _ask(field)
    return Text(f"校验位应为 {should}", f"the check character should be {should}"), _ask(field)
