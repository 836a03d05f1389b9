"""What a resident writes."""

from __future__ import annotations

from django import forms

from zhida.web.text import lazy_text


class AppealForm(forms.Form):
    text = forms.CharField(
        label=lazy_text("哪里不对？", "What is wrong?"),
        help_text=lazy_text(
            "用自己的话写，一两句就够。例如：“我婆婆今年六月办了残疾证，这里没有算进去。”",
            'In your own words, a sentence or two. For example: "My mother-in-law got her certificate in June; it is not counted."',
        ),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={
            "required": lazy_text("请用一句话说明哪里不对。", "Say in a sentence what is wrong."),
            "max_length": lazy_text("请写在 2000 字以内。", "Keep it within 2,000 characters."),
        },
    )
