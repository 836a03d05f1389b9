"""The public check of a certificate: by its code, or by its file. Whoever holds neither learns nothing."""

from __future__ import annotations

import time
from collections import Counter

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from zhida.blocks.credentials import api as credentials
from zhida.web.access import public
from zhida.web.text import lazy_text

_WINDOW_SECONDS = 60
# Ours are a twentieth of this.
_FILE_BYTES_MAX = 5_000_000


_NO_CODE = lazy_text(
    "核验码是 16 位字母和数字，没有 0、1、I、O。请对照证照再输一遍。",
    "A code has 16 letters and digits, and never 0, 1, I or O. Read it from the certificate once more.",
)


class CodeForm(forms.Form):
    code = forms.CharField(
        label=lazy_text("核验码", "Verification code"),
        help_text=lazy_text(
            "证照下方的 16 位字母和数字，大小写、横线都不要紧。", "The 16 letters and digits at the foot; case and dashes do not matter."
        ),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        error_messages={"required": lazy_text("请填写核验码。", "Enter the code.")},
    )

    def clean_code(self) -> str:
        """Say at once of what cannot be a code that it is none: too short, or with signs that no code has."""
        code = credentials.plain_code(self.cleaned_data["code"])
        if not code:
            raise forms.ValidationError(_NO_CODE)
        return code


class FileForm(forms.Form):
    file = forms.FileField(
        label=lazy_text("证照的 PDF 文件", "The certificate's PDF file"),
        help_text=lazy_text("文件只用来核对，不会保存。", "It is only compared and not kept."),
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
        error_messages={
            "required": lazy_text("请选择文件。", "Choose the file."),
            "empty": lazy_text("这个文件是空的，请另选一个。", "The file is empty. Choose another."),
        },
    )


@public
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Show the form, and the answer where a code (also in the address, as in the QR code) or a file was given."""
    by_file = request.method == "POST" and "by_file" in request.POST
    written = request.POST if request.method == "POST" else request.GET
    code_form = CodeForm(written) if "code" in written else CodeForm()
    file_form = FileForm(request.POST, request.FILES) if by_file else FileForm()
    asked = file_form if by_file else code_form
    context = {"code_form": code_form, "file_form": file_form, "by_file": by_file, "asked": asked if asked.is_bound else None}
    if not asked.is_bound:
        return _page(request, context, 200)
    if _asks_too_often(request.META.get("REMOTE_ADDR", "")):
        return _page(request, {**context, "too_often": True}, 429)
    if not asked.is_valid():
        return _page(request, context, 400)
    found = _of_file(file_form) if by_file else credentials.verify_code(code_form.cleaned_data["code"])
    wording = credentials.STATE_TEXT[found.state] if found else None
    return _page(request, {**context, "checked": True, "found": found, "state": wording}, 200)


def _of_file(form: FileForm) -> credentials.Verified | None:
    file = form.cleaned_data["file"]
    return credentials.verify_pdf(file.read()) if file.size <= _FILE_BYTES_MAX else None


def _page(request: HttpRequest, context: dict[str, object], status: int) -> HttpResponse:
    response = render(request, "verify.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


# How often each address asked in the present window. Each server process counts for itself: a brake, not what keeps codes secret.
_asked: Counter[str] = Counter()
_window = [0]


def _asks_too_often(address: str) -> bool:
    window = int(time.monotonic()) // _WINDOW_SECONDS
    if _window[0] != window:
        _window[0] = window
        _asked.clear()
    _asked[address] += 1
    return _asked[address] > settings.CHECKS_PER_MINUTE
