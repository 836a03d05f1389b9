"""Mistakes about notices: each one sentence, with kinds and numbers, never an address."""

from collections.abc import Iterable

from zhida.kernel.errors import ZhidaError


class TemplateInvalid(ZhidaError):
    def __init__(self, kind: str, zh: str, en: str) -> None:
        super().__init__(
            f"通知模板“{kind}”不能使用：{zh}；请修改 notices/templates 里的文件。",
            f"The template of notice '{kind}' cannot be used: {en}. Correct its file in notices/templates.",
        )


class UnknownKind(ZhidaError):
    def __init__(self, kind: str) -> None:
        super().__init__(
            f"没有“{kind}”这种通知；请用 notices/templates 里的一种，或先写好它的模板。",
            f"There is no notice of kind '{kind}'. Use one of notices/templates, or write its template first.",
        )


class WrongParameters(ZhidaError):
    """A notice lacks parameters of its template, or has others; or one does not read as what it should be."""

    def __init__(self, kind: str, subject: str, missing: Iterable[str], extra: Iterable[str], unfit: Iterable[str] = ()) -> None:
        named = (("缺少", "lacks", missing), ("多出", "has no place for", extra), ("看不懂", "cannot read", unfit))
        said = [(zh, en, "、".join(sorted(names)), ", ".join(sorted(names))) for zh, en, names in named if names]
        super().__init__(
            f"关于 {subject} 的通知“{kind}”没有生成：" + "，".join(f"{zh} {names}" for zh, _, names, _ in said) + "；请按模板给出参数。",
            f"Notice '{kind}' about {subject} was not made: it "
            + " and ".join(f"{en} {names}" for _, en, _, names in said)
            + ". Give the parameters that its template names.",
        )


class WrongRecipient(ZhidaError):
    def __init__(self, kind: str, subject: str) -> None:
        super().__init__(
            f"关于 {subject} 的通知“{kind}”没有生成：要么给居民编号，要么给账号，只能给一个。",
            f"Notice '{kind}' about {subject} was not made: name either a resident or an account, not both and not neither.",
        )


class NoticeNotFound(ZhidaError):
    def __init__(self, notice_id: int) -> None:
        super().__init__(
            f"您的消息里没有第 {notice_id} 号；请返回消息列表。",
            f"There is no notice {notice_id} among yours. Go back to your messages.",
        )


class DeliveryNotOpen(ZhidaError):
    def __init__(self, delivery_id: int) -> None:
        super().__init__(
            f"第 {delivery_id} 号送达已处理或不存在；请刷新列表。",
            f"Delivery {delivery_id} has been dealt with or does not exist. Reload the list.",
        )


class InvalidAddress(ZhidaError):
    def __init__(self, channel: str) -> None:
        mail = channel == "email"
        super().__init__(
            "这不像邮箱地址；请写成 name@example.com 这样的格式。" if mail else "这不像手机号；请填写 11 位手机号。",
            "This is not an e-mail address. Write it as name@example.com." if mail else "This is not a mobile number. Enter its 11 digits.",
        )


class WrongCode(ZhidaError):
    def __init__(self) -> None:
        super().__init__(
            "验证码不对或已过期；请核对后重填，或重新获取。",
            "The code is wrong or has expired. Check it, or ask for a new one.",
        )


class TooManyCodes(ZhidaError):
    def __init__(self, codes_max: int) -> None:
        super().__init__(
            f"一天最多发 {codes_max} 次验证码；请明天再试，或请街道专员帮忙。",
            f"At most {codes_max} codes are sent in a day. Try again tomorrow, or ask your street's officer.",
        )


class InvalidStopLink(ZhidaError):
    def __init__(self) -> None:
        super().__init__(
            "这个退订链接不完整或已失效；请登录后在“联系方式”里设置。",
            "This link to stop messages is incomplete or no longer valid. Sign in and choose under 'How to reach me'.",
        )


class ChannelMisconfigured(ZhidaError):
    def __init__(self, variable: str, zh: str, en: str) -> None:
        super().__init__(
            f"环境变量 {variable} 不能使用：{zh}；请修改后重新运行。",
            f"The environment variable {variable} cannot be used: {en}. Correct it and run the command again.",
        )
