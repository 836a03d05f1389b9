"""Which channels this installation has: what the environment names, and in the demonstration a folder."""

from __future__ import annotations

from django.conf import settings

from zhida.blocks.notices.adapters.folders import MailFolder, SmsFile
from zhida.blocks.notices.adapters.letters import Carrier
from zhida.blocks.notices.adapters.mail import SmtpMail
from zhida.blocks.notices.adapters.sms import HttpSms
from zhida.blocks.notices.rules import Channel


def carriers() -> dict[str, Carrier]:
    """Return a carrier for each channel that is set up. Raises: ChannelMisconfigured."""
    found: dict[str, Carrier] = {}
    if settings.SMTP_URL:
        found[Channel.EMAIL] = SmtpMail(settings.SMTP_URL, settings.MAIL_FROM)
    elif settings.DEMO:
        found[Channel.EMAIL] = MailFolder(settings.HOME / "outbox" / "mail", settings.MAIL_FROM)
    if settings.SMS_URL:
        found[Channel.SMS] = HttpSms(settings.SMS_URL, settings.SMS_KEY, settings.SMS_SECRET)
    elif settings.DEMO:
        found[Channel.SMS] = SmsFile(settings.HOME / "outbox" / "sms")
    return found
