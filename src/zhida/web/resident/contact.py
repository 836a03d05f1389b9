"""Where a resident can be reached: e-mail and mobile number, each proved by a code, and what is not sent there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.notices import api as notices
from zhida.kernel.errors import ZhidaError
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.resident.forms import CodeForm, EmailForm, MobileForm
from zhida.web.text import in_language

_FORMS: dict[str, type[forms.Form]] = {notices.Channel.EMAIL: EmailForm, notices.Channel.SMS: MobileForm}
_SENT = Text("验证码已发出，请查收后填在下面。", "A code is on its way. Enter it below when it has arrived.")
_CONFIRMED = Text("已确认，以后的通知会发到这里。", "Confirmed. Notices come here from now on.")
_REMOVED = Text("已删除，不会再往那里发。", "Removed. Nothing is sent there any more.")
_CHOSEN = Text("已保存您的选择。", "Your choices are saved.")


@requires("notices.contact")
@require_GET
def contact(request: HttpRequest) -> HttpResponse:
    """Show the viewer's addresses and choices."""
    return _page(request)


@requires("notices.contact")
@require_POST
def register(request: HttpRequest, channel: str) -> HttpResponse:
    """Take an address and send a code to it."""
    form = _FORMS.get(channel, EmailForm)(request.POST, prefix=channel)
    language = "en" if (get_language() or "").startswith("en") else "zh"
    return _attempt(
        request, channel, form, _SENT, lambda: notices.register_contact(request.viewer, channel, form.cleaned_data["address"], language)
    )


@requires("notices.contact")
@require_POST
def confirm(request: HttpRequest, channel: str) -> HttpResponse:
    """Take the code that was sent."""
    form = CodeForm(request.POST, prefix=f"{channel}-code")
    return _attempt(request, channel, form, _CONFIRMED, lambda: notices.confirm_contact(request.viewer, channel, form.cleaned_data["code"]))


@requires("notices.contact")
@require_POST
def remove(request: HttpRequest, channel: str) -> HttpResponse:
    """Forget an address."""
    notices.remove_contact(request.viewer, channel)
    return _done(request, _REMOVED)


@requires("notices.contact")
@require_POST
def choices(request: HttpRequest) -> HttpResponse:
    """Remember which kinds are sent: what is not ticked stays in the inbox only."""
    wanted = set(request.POST.getlist("kind"))
    notices.opt_out(request.viewer, [each.kind for each in notices.optional_templates() if each.kind not in wanted])
    return _done(request, _CHOSEN)


def _attempt(request: HttpRequest, channel: str, form: forms.Form, done: Text, command: Callable[[], None]) -> HttpResponse:
    """Do what a form asks for, or show it again with what is wrong beside its field."""
    if form.is_valid():
        try:
            command()
            return _done(request, done)
        except ZhidaError as mistake:
            form.add_error(next(iter(form.fields)), in_language(mistake.text))
    return _page(request, channel, form)


def _done(request: HttpRequest, done: Text) -> HttpResponse:
    messages.success(request, in_language(done))
    return redirect("resident:contact")


def _page(request: HttpRequest, channel: str = "", form: forms.Form | None = None) -> HttpResponse:
    """Draw the page; ``form``: one that was sent for a channel and has mistakes."""
    sent = {(channel, type(form)): form}
    opted_out = notices.opted_out_kinds(request.viewer)
    templates = list(notices.templates().values())
    context = {
        "ways": [_way(found, sent) for found in notices.contacts(request.viewer)],
        "form": form,
        "choices": [
            {"kind": each.kind, "label": each.label, "wanted": each.kind not in opted_out} for each in notices.optional_templates()
        ],
        "required": [each.label for each in templates if each.in_inbox and each.is_required],
    }
    return render(request, "resident/contact.html", context, status=400 if form else 200)


def _way(found: notices.Contact, sent: dict[tuple[str, type], Any]) -> dict[str, Any]:
    """Return one channel with its forms: the address, and where one waits for it the code."""
    asks = _FORMS[found.channel]
    return {
        "contact": found,
        "label": notices.CHANNEL_TEXT[found.channel],
        "address_form": sent.get((found.channel, asks)) or asks(prefix=found.channel),
        "code_form": sent.get((found.channel, CodeForm)) or CodeForm(prefix=f"{found.channel}-code"),
    }
