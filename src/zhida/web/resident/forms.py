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


class EmailForm(forms.Form):
    address = forms.CharField(
        label=lazy_text("邮箱地址", "E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": lazy_text("请填写邮箱地址。", "Enter your e-mail address.")},
    )


class MobileForm(forms.Form):
    address = forms.CharField(
        label=lazy_text("手机号", "Mobile number"),
        help_text=lazy_text("11 位，也可以填子女的手机号。", "11 digits; a son's or daughter's will do."),
        max_length=20,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
        error_messages={"required": lazy_text("请填写手机号。", "Enter your mobile number.")},
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=lazy_text("收到的验证码", "The code you received"),
        help_text=lazy_text("6 位数字，30 分钟内有效。", "Six digits, valid for 30 minutes."),
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
        error_messages={"required": lazy_text("请填写验证码。", "Enter the code.")},
    )
