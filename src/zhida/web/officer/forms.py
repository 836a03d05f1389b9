"""Forms of the officer's pages."""

from __future__ import annotations

from django import forms

from zhida.blocks.payments import api as payments
from zhida.web.text import lazy_text, pick


class UploadForm(forms.Form):
    """A corrected file from a department."""

    file = forms.FileField(
        label=lazy_text("CSV 文件", "CSV file"),
        help_text=lazy_text(
            "文件名写明记录类型，例如 means_test.csv 或 low_income__330106.csv。",
            "The file name says what it holds: means_test.csv, or low_income__330106.csv.",
        ),
    )


LEVELS = tuple((level.value, lazy_text(text.zh, text.en)) for level, text in payments.LEVEL_TEXT.items())


class BudgetForm(forms.Form):
    """The envelope of one benefit, level of government and year."""

    benefit = forms.ChoiceField(label=lazy_text("待遇", "Benefit"))
    year = forms.IntegerField(label=lazy_text("年度", "Year"), min_value=2000, max_value=2100)
    level = forms.ChoiceField(label=lazy_text("由哪一级承担", "Level that pays"), choices=LEVELS)
    area = forms.ChoiceField(
        label=lazy_text("区县", "District"), help_text=lazy_text("只有区县级才要选", "Only for the level of the district"), required=False
    )
    amount = forms.CharField(label=lazy_text("预算（元）", "Budget (yuan)"), help_text=lazy_text("例如 1200000.00", "As 1200000.00"))

    def __init__(self, *args: object, benefits: list[tuple[str, str]], areas: list[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["benefit"].choices = benefits
        self.fields["area"].choices = areas

    def clean(self) -> dict[str, object]:
        said = super().clean() or {}
        if said.get("level") == payments.Level.DISTRICT and said.get("area") in ("", "0", None):
            self.add_error("area", pick("请选择是哪个区县。", "Choose the district that pays."))
        return said


class ShareForm(forms.Form):
    """Who bears a benefit from a day on, in percent with up to two decimals."""

    benefit = forms.ChoiceField(label=lazy_text("待遇", "Benefit"), required=False)
    valid_from = forms.DateField(
        label=lazy_text("从哪天起", "From"), widget=forms.DateInput(attrs={"type": "date"}), input_formats=["%Y-%m-%d"]
    )
    central = forms.DecimalField(label=lazy_text("中央（%）", "Central government (%)"), decimal_places=2, initial=0)
    province = forms.DecimalField(label=lazy_text("省级（%）", "Province (%)"), decimal_places=2, initial=0)
    city = forms.DecimalField(label=lazy_text("市级（%）", "City (%)"), decimal_places=2, initial=0)
    district = forms.DecimalField(label=lazy_text("区县（%）", "District (%)"), decimal_places=2, initial=0)
    source = forms.CharField(
        label=lazy_text("依据", "Source"), max_length=300, help_text=lazy_text("文件名称和文号", "Title and number of the document")
    )

    def __init__(self, *args: object, benefits: list[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["benefit"].choices = [("", pick("其他各项（没有单独规定的）", "All others without a rule of their own")), *benefits]

    @property
    def basis_points(self) -> tuple[int, int, int, int]:
        central, province, city, district = (int(self.cleaned_data[name] * 100) for name in ("central", "province", "city", "district"))
        return central, province, city, district


class DelegationForm(forms.Form):
    """To whom the power to sign is lent, and for how long."""

    to_account = forms.ChoiceField(label=lazy_text("委托给", "To"))
    begin = forms.DateField(label=lazy_text("从哪天起", "From"), widget=forms.DateInput(attrs={"type": "date"}), input_formats=["%Y-%m-%d"])
    last_day = forms.DateField(
        label=lazy_text("最后一天", "Last day"), widget=forms.DateInput(attrs={"type": "date"}), input_formats=["%Y-%m-%d"]
    )
    reason = forms.CharField(label=lazy_text("原因", "Reason"), max_length=300)

    def __init__(self, *args: object, officers: list[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to_account"].choices = officers
