"""Mistakes about benefits by event: each one sentence, with codes and numbers, never personal data."""

from zhida.kernel.errors import ZhidaError


class InvalidProgramme(ZhidaError):
    def __init__(self, name: str, detail_zh: str, detail: str) -> None:
        super().__init__(
            f"补贴项目文件 {name} 不能安装：{detail_zh}；请改正后再安装。",
            f"The programme file {name} was not installed: {detail}. Correct it and install it again.",
        )


class UnknownProgramme(ZhidaError):
    def __init__(self, code: str) -> None:
        super().__init__(
            f"没有安装补贴项目 {code}；请先安装它的文件。",
            f"There is no programme {code}. Install its file first.",
        )


class UnknownProvider(ZhidaError):
    def __init__(self, provider_id: int) -> None:
        super().__init__(
            f"本辖区没有服务点 {provider_id}；请从服务点列表中选择。",
            f"There is no provider {provider_id} in your area. Choose one from the list of providers.",
        )


class UnknownTill(ZhidaError):
    def __init__(self, till_id: int) -> None:
        super().__init__(
            f"没有终端 {till_id}；请从服务点的终端列表中选择。",
            f"There is no till {till_id}. Choose one from the provider's list.",
        )


class InvalidOrganisation(ZhidaError):
    def __init__(self, code: str) -> None:
        super().__init__(
            f"“{code}”不是统一社会信用代码；请核对18位代码。",
            f"'{code}' is not a unified social credit code. Check its 18 characters.",
        )


class InvalidKind(ZhidaError):
    def __init__(self, kind: str, known: str) -> None:
        super().__init__(
            f"没有“{kind}”这类服务点；请在 {known} 中选择。",
            f"'{kind}' is not a kind of provider. Choose one of {known}.",
        )


class ProviderKnown(ZhidaError):
    def __init__(self, code: str) -> None:
        super().__init__(
            f"机构 {code} 在这个社区已有同类服务点；请给原有服务点增加终端。",
            f"Organisation {code} has a provider of this kind in this community already. Give that one another till.",
        )


class InvalidTerm(ZhidaError):
    def __init__(self, last: str) -> None:
        super().__init__(
            f"终端的有效期 {last} 已经过去；请选今天以后的日期。",
            f"The till would end on {last}, which is past. Choose a later day.",
        )


class DayNotBegun(ZhidaError):
    def __init__(self, day: str) -> None:
        super().__init__(
            f"{day} 还没有到，不能结算；请选今天或以前的日期。",
            f"{day} has not come yet and cannot be settled. Choose today or an earlier day.",
        )


class DayNotSettled(ZhidaError):
    def __init__(self, day: str) -> None:
        super().__init__(
            f"{day} 还没有结算；请先结算这一天。",
            f"{day} is not settled. Settle that day first.",
        )


class TillError(ZhidaError):
    """What a till is told and nothing was done about; ``code`` is for its program, the sentence for the person at it."""

    code = "refused"


class EventNotFound(TillError):
    code = "unknown_key"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"没有键为 {key} 的记录；请核对键，或重新上传该记录。",
            f"There is no event with the key {key}. Check the key, or send the event again.",
        )


class RefundConflict(TillError):
    code = "conflict"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"退款键 {key} 已用于另一笔退款；请换一个新的键。",
            f"The key {key} belongs to another refund. Use a new key.",
        )


class RefundImpossible(TillError):
    """Codes: nothing_to_refund, too_much, window_over, in_future, before_event."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        self.code = code
        super().__init__(zh, en)


class DatabaseBusy(TillError):
    code = "busy"

    def __init__(self) -> None:
        super().__init__(
            "系统正忙，没有任何记录被接收；请几秒钟后用同样的键重试。",
            "The system is busy and took nothing in. Try again with the same keys in a few seconds.",
        )
