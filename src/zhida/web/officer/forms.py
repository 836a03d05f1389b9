"""Forms of the officer's pages."""

from __future__ import annotations

from django import forms

from zhida.web.text import lazy_text


class UploadForm(forms.Form):
    """A corrected file from a department."""

    file = forms.FileField(
        label=lazy_text("CSV 文件", "CSV file"),
        help_text=lazy_text(
            "文件名写明记录类型，例如 means_test.csv 或 low_income__330106.csv。",
            "The file name says what it holds: means_test.csv, or low_income__330106.csv.",
        ),
    )


class BudgetForm(forms.Form):
    """The envelope of one benefit for a year."""

    benefit = forms.ChoiceField(label=lazy_text("待遇", "Benefit"))
    year = forms.IntegerField(label=lazy_text("年度", "Year"), min_value=2000, max_value=2100)
    amount = forms.CharField(label=lazy_text("预算（元）", "Budget (yuan)"), help_text=lazy_text("例如 1200000.00", "As 1200000.00"))

    def __init__(self, *args: object, benefits: list[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["benefit"].choices = benefits
