"""The pages of policy staff: a reform as text, what a kept simulation shows and hides, files to take home, who may look."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from zhida.blocks.policies.api import BenefitCost, Coverage, Decile, Effect, Group, ParameterShift, Simulation, Welfare
from zhida.kernel import clock
from zhida.kernel.text import Text

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}
TEXT = "title: {zh: 试一试, en: A try}\nfrom: 2025-10\nparameters:\n  gaoling_age: 75\n"
EFFECT = Effect(1000, 2500, 120, 300, 12_000_000, 40, 90, 400_000, 30, 60, 0)
BEFORE = Welfare(100, 250, 60, 150, 600_000, 200_000, 90_000_000, 2_000_000, 300_000)
AFTER = replace(BEFORE, poor_persons=125, poor_ppm=500_000, gap_ppm=199_960, gini_ppm=299_960)
COVERAGE = Coverage(100, 250, 500, 1200, 400, 1050)


def group(code: str, zh: str, effect: Effect | None = EFFECT, **changes: Any) -> Group:
    return Group(**{"code": code, "label": Text(zh, f"group {code}"), "households": 1000, "persons": 2500, "effect": effect,
                    "coverage": COVERAGE, "before": BEFORE, "after": AFTER, **changes})  # fmt: skip


def decile(number: int, gain_fen: int | None) -> Decile:
    mean = None if gain_fen is None else 1_200_000
    return Decile(number, 20, 50, mean, mean, mean + gain_fen if mean and gain_fen is not None else None, EFFECT)


def simulation(**changes: Any) -> Simulation:
    """A simulation that costs 116,000 yuan a year more: 120 households gain, 40 lose."""
    cost = BenefitCost(
        "gaoling", Text("高龄津贴", "Old-age allowance"), "fen", "MONTH", 50, 80, 0, 0, 500_000, 1_466_667, 966_667, 0, 0, 0, 0
    )
    told = {
        "title": Text(
            "试一试：2025 年 10 月的规则，与截至 2025-07-28 公布的现行规定相比", "A try: the rules of October 2025, compared with the law"
        ),
        "reform": Text("试一试", "A try"),
        "note": Text("", ""),
        "month": "2025-10",
        "facts_month": "2025-10",
        "known_on": "2025-11-05",
        "law_as_of": "2025-07-28",
        "law_base": "aaaa",
        "law_reform": "bbbb",
        "snapshot": "0123456789abcdef0123",
        "base_run": None,
        "touched": ("gaoling",),
        "elsewhere": (),
        "shifts": (ParameterShift("gaoling_age", Text("起始年龄", "First age"), Text("80 岁", "80"), Text("75 岁", "75")),),
        "costs": (cost,),
        "organisations_fen": 0,
        "line": Text("低收入线", "Line"),
        "total": group("0", "全市"),
        "districts": (group("330106", "西湖区"), group("330108", "滨江区", None, coverage=None, before=None, after=None)),
        "types": (group("2", "独居老人"), group("5", "有孩子", replace(EFFECT, losers=3, loser_persons=7))),
        "sizes": (group("1", "1 人"),),
        "disabilities": (group("1", "有残疾成员"),),
        "deciles": (*(decile(number, (11 - number) * 12_000) for number in range(1, 11)), decile(0, None)),
        "targeting": None,
        "seconds": 2,
    }
    return Simulation(**{**told, **changes})


@pytest.fixture
def kept() -> Callable[..., int]:
    def keep(**changes: Any) -> int:
        found = simulation(**changes)
        model = apps.get_model("policies", "KeptSimulation")
        made = model.objects.create(
            month=found.month,
            snapshot_hash=found.snapshot,
            law_base=found.law_base,
            law_reform=f"{found.law_reform}{model.objects.count()}",
            reform_file="reform.yaml",
            reform_text=TEXT,
            result=found.as_json(),
            made_by="policy",
            made_at=clock.now(),
        )
        return int(made.id)

    return keep


@pytest.fixture
def staff(signed_in: Callable[..., Client]) -> Client:
    return signed_in("policy_staff", "policy")


def page(client: Client, name: str, *arguments: Any, query: str = "", **options: Any) -> str:
    answer = client.get(reverse(f"officer:{name}", args=arguments) + query, **options)
    assert answer.status_code == 200
    return answer.content.decode()


def posted(client: Client, **fields: Any) -> tuple[int, str]:
    answer = client.post(reverse("officer:write_reform"), fields)
    return answer.status_code, answer.content.decode()


# ---- the list ---------------------------------------------------------------------------------------------------------------------------


def test_an_empty_list_offers_examples_to_begin_with(staff: Client) -> None:
    shown = page(staff, "reforms")
    assert "还没有模拟" in shown and "?example=dibao_up_a_tenth.yaml" in shown and "还没有事实" in shown


@pytest.mark.parametrize(("text", "found"), [("起始年龄", True), ("old-age", True), ("试一试", True), ("2025-10", True), ("育儿", False)])
def test_the_list_is_searched_by_title_number_benefit_and_month(staff: Client, kept: Callable[..., int], text: str, found: bool) -> None:
    address = reverse("officer:reform", args=[kept()])
    assert (address in page(staff, "reforms", query=f"?text={text}")) is found


def test_a_street_officer_sees_neither_the_entry_nor_a_page(signed_in: Callable[..., Client], kept: Callable[..., int]) -> None:
    made, client = kept(), signed_in("street_officer", area_code="330106003")
    assert "/office/reforms/" not in client.get("/office/").content.decode()
    pages = [
        ("reforms", []),
        ("write_reform", []),
        ("reform_numbers", []),
        ("compare_reforms", []),
        ("reform", [made]),
        ("asked_reform", [1]),
    ]
    assert {client.get(reverse(f"officer:{name}", args=arguments)).status_code for name, arguments in pages} == {403}
    acts = [("resimulate", made), ("delete_reform", made), ("ask_again", 1), ("stop_reform", 1), ("forget_reform", 1)]
    assert {client.post(reverse(f"officer:{name}", args=[number])).status_code for name, number in acts} == {403}
    assert apps.get_model("policies", "KeptSimulation").objects.count() == 1


# ---- writing ----------------------------------------------------------------------------------------------------------------------------


def test_a_mistake_is_told_with_its_line_and_nothing_is_asked_for(staff: Client) -> None:
    status, shown = posted(staff, reform=TEXT.replace("gaoling_age", "gaolin_age"), action="run")
    assert status == 400 and 'data-line="4"' in shown and "是否想写 gaoling_age" in shown
    assert '<span class="wrong">4</span>' in shown and apps.get_model("policies", "AskedSimulation").objects.count() == 0


def test_every_mistake_is_told_and_the_text_stays_as_it_was_written(staff: Client) -> None:
    text = "title: 试\nfrom: 2025-10\nparameters:\n  one: 1\n  two: {multiply: 2}\n"
    status, shown = posted(staff, reform=text, action="check")
    assert status == 400 and "有 2 处要改" in shown and escape(text) in shown


def test_a_text_without_mistakes_is_said_to_be_ready(staff: Client) -> None:
    status, shown = posted(staff, reform=TEXT, action="check")
    assert status == 200 and "没有发现问题" in shown


def test_a_change_is_put_into_the_text_and_a_second_one_replaces_it(staff: Client) -> None:
    status, shown = posted(staff, reform=TEXT, action="change", parameter="dibao_standard", way="multiply", number="1.1")
    assert status == 200 and "  dibao_standard: {multiply: 1.1}\n  gaoling_age: 75\n" in shown
    _, shown = posted(staff, reform=TEXT, action="change", parameter="gaoling_age", way="value", number="70")
    assert "  gaoling_age: 70\n" in shown and "75" not in shown.partition("<textarea")[2].partition("</textarea>")[0]
    _, shown = posted(staff, reform=TEXT, action="change", parameter="dibao_standard", way="budget", number="8,000,000")
    assert "target: {parameter: dibao_standard, budget: 8000000}" in shown


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"parameter": "nothing", "way": "value", "number": "1"}, "没有参数“nothing”"),
        ({"parameter": "gaoling_age", "way": "value", "number": "<b>"}, "“&lt;b&gt;”不是数"),
        ({"parameter": "gaoling_age", "way": "pray", "number": "1"}, "不是数"),
        ({"parameter": "gaoling_age", "way": "value", "number": "1", "reform": "parameters: {a: 1}"}, "写成了一行"),
    ],
)
def test_a_change_that_cannot_be_put_in_says_why(staff: Client, fields: dict[str, str], told: str) -> None:
    status, shown = posted(staff, **{"reform": TEXT, "action": "change", **fields})
    assert status == 400 and told in shown


def test_a_file_is_read_into_the_text(staff: Client) -> None:
    status, shown = posted(staff, reform="", action="upload", file=SimpleUploadedFile("r.yaml", b"\xef\xbb\xbf" + TEXT.encode()))
    assert status == 200 and escape(TEXT) in shown and "\ufeff" not in shown
    status, shown = posted(staff, reform=TEXT, action="upload", file=SimpleUploadedFile("r.yaml", "标题".encode("gb18030")))
    assert status == 400 and "不是 UTF-8" in shown and escape(TEXT) in shown
    assert posted(staff, reform=TEXT, action="upload")[0] == 400


def test_a_month_before_the_reform_is_refused(staff: Client) -> None:
    status, shown = posted(staff, reform=TEXT, action="run", month="2025-09")
    assert status == 400 and "2025-09 还没有变化" in shown


def test_writing_begins_with_an_example_a_kept_reform_or_a_number(staff: Client, kept: Callable[..., int]) -> None:
    assert "dibao_standard: {multiply: 1.1" in page(staff, "write_reform", query="?example=dibao_up_a_tenth.yaml")
    assert "gaoling_age: 75" in page(staff, "write_reform", query=f"?simulation={kept()}")
    assert '<option value="gaoling_age" selected>' in page(staff, "write_reform", query="?parameter=gaoling_age")
    assert "新的改革" in page(staff, "write_reform", query="?example=../../secret_key")


def test_the_numbers_of_the_law_are_found_by_benefit(staff: Client) -> None:
    shown = page(staff, "reform_numbers", query="?text=高龄")
    assert "?parameter=gaoling_age" in shown and "80 岁" in shown and "dibao_standard" not in shown


# ---- waiting ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "told"),
    [("failed", "没有算成"), ("stopped", "已停止"), ("running", "算到一半中断了"), ("waiting", "算到一半中断了")],
)
def test_what_did_not_come_to_its_end_says_so_and_can_be_asked_again(staff: Client, state: str, told: str) -> None:
    model = apps.get_model("policies", "AskedSimulation")
    made = model.objects.create(
        reform_file="r.yaml", reform_text=TEXT, state=state, problem_zh="预算不够。", asked_by="policy", asked_at=clock.now()
    )
    shown = page(staff, "asked_reform", made.id)
    assert told in shown and ("预算不够。" in shown) is (state == "failed") and "data-refresh" not in shown
    assert reverse("officer:ask_again", args=[made.id]) in shown
    assert "试一试" in page(staff, "reforms")


def test_what_is_finished_leads_to_its_result(staff: Client, kept: Callable[..., int]) -> None:
    made, model = kept(), apps.get_model("policies", "AskedSimulation")
    asked = model.objects.create(
        reform_file="r.yaml", reform_text=TEXT, state="finished", simulation_id=made, asked_by="policy", asked_at=clock.now()
    )
    assert staff.get(reverse("officer:asked_reform", args=[asked.id])).headers["Location"] == reverse("officer:reform", args=[made])


# ---- the result -------------------------------------------------------------------------------------------------------------------------


def test_the_title_says_the_year_and_what_it_is_compared_to(staff: Client, kept: Callable[..., int]) -> None:
    shown = page(staff, "reform", kept())
    assert "<title>试一试：2025 年 10 月的规则，与截至 2025-07-28 公布的现行规定相比" in shown
    assert "一年多支出 11.6 万元；120 户受益，40 户受损。" in shown


def test_charts_say_what_they_find_in_both_languages(staff: Client, kept: Callable[..., int]) -> None:
    made = kept()
    shown, english = page(staff, "reform", made), page(staff, "reform", made, headers=ENGLISH)
    for found in ("收入最低的十分之一每人每月多 100 元，最高的十分之一多 10 元", "“独居老人”受益面最大：12.0% 的户多得", "60.0% → 50.0%"):
        assert found in shown
    assert "The poorest tenth gains ¥100 a month per head, the richest gains ¥10" in english
    assert "A year costs ¥116,000 more; 120 households gain, 40 lose." in english


def test_rates_that_hardly_move_get_the_decimals_that_tell_them_apart(staff: Client, kept: Callable[..., int]) -> None:
    shown = page(staff, "reform", kept())
    assert "20.000% → 19.996%" in shown and "0.30000 → 0.29996" in shown


def test_few_households_are_not_shown(staff: Client, kept: Callable[..., int]) -> None:
    shown = page(staff, "reform", kept())
    district = shown.partition("按区县的受益和受损")[2]
    row = district.partition('<th scope="row">滨江区</th>')[2].partition("</tr>")[0]
    assert "少于 10" in row and "120" not in row
    few_lose = shown.partition('<th scope="row">有孩子</th>')[2].partition("</tr>")[0]
    assert ">3<" not in few_lose and "少于 10" in few_lose and "1,333.33" not in few_lose


def test_poverty_is_told_with_how_many_it_is_about(staff: Client, kept: Callable[..., int]) -> None:
    assert "只说收入已知的 100 户" in page(staff, "reform", kept())
    unknown = simulation()
    groups = [replace(one, before=None, after=None, coverage=None) for one in (unknown.total, *unknown.types)]
    shown = page(staff, "reform", kept(total=groups[0], types=tuple(groups[1:]), deciles=()))
    assert "登记中没有可用的家庭收入" in shown and "收入高低" not in shown


def test_a_reform_that_touches_nothing_says_so(staff: Client, kept: Callable[..., int]) -> None:
    nothing = replace(EFFECT, winners=0, winner_persons=0, gain_fen=0, losers=0, loser_persons=0, loss_fen=0)
    shown = page(staff, "reform", kept(touched=(), costs=(), shifts=(), deciles=(), total=group("0", "全市", nothing)))
    assert "不改变任何待遇" in shown and "什么都没有改变" in shown


def test_a_simulation_is_taken_home_as_tables_and_as_it_was_kept(staff: Client, kept: Callable[..., int]) -> None:
    address = reverse("officer:reform", args=[kept()])
    whole = list(csv.reader(io.StringIO(staff.get(f"{address}?format=csv").content.decode("utf-8-sig"))))
    assert whole[0][0].startswith("试一试：2025 年 10 月") and ["支出"] in whole and ["按人均收入十等分"] in whole
    types = list(csv.reader(io.StringIO(staff.get(f"{address}?format=csv&table=types").content.decode("utf-8-sig"))))
    assert types[0][0] == "按家庭类型" and types[1][:4] == ["独居老人", "1000", "2500", "120"] and "3" not in types[2]
    told = json.loads(staff.get(f"{address}?format=json").content)
    assert replace(Simulation.from_json(told), id=0, reform_text="", made_by="", made_at="") == simulation()
    assert staff.get(f"{address}?format=yaml").content.decode() == TEXT


def test_the_map_is_shaded_by_what_is_asked_for(staff: Client, kept: Callable[..., int]) -> None:
    made = kept()
    assert "每位居民一年的变化：能显示的区县都是 +46.40 元" in page(staff, "reform", made, query="?map=per_head")
    assert "受损户占比" in page(staff, "reform", made, query="?map=losers") and page(staff, "reform", made, query="?map=nonsense")


def test_a_simulation_is_deleted_for_good(staff: Client, kept: Callable[..., int]) -> None:
    made = kept()
    assert staff.get(reverse("officer:delete_reform", args=[made])).status_code == 405
    answer = staff.post(reverse("officer:delete_reform", args=[made]), follow=True)
    assert "已删除" in answer.content.decode() and staff.get(reverse("officer:reform", args=[made])).status_code == 404


def test_two_simulations_stand_beside_each_other_with_what_else_differs(staff: Client, kept: Callable[..., int]) -> None:
    first, second = kept(), kept(month="2026-01", law_base="cccc")
    shown = page(staff, "compare_reforms", query=f"?with={first}&with={second}")
    assert "规则的月份（2025-10、2026-01）" in shown and "相比的现行规定" in shown and "所用的事实" not in shown
    assert shown.count("+116,000.04 元") == 2
    answer = staff.get(reverse("officer:compare_reforms") + f"?with={first}&with={first}", follow=True)
    assert "请选两个不同的模拟" in answer.content.decode()
