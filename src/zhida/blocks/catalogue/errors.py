"""Mistakes about the catalogue: each one sentence, naming the file and the place in it, or the key that was asked for."""

from zhida.kernel.errors import ZhidaError


class CatalogueInvalid(ZhidaError):
    def __init__(self, file: str, where: str, zh: str, en: str) -> None:
        super().__init__(f"服务目录 {file} 的 {where}：{zh}。请修改后重试。", f"Catalogue {file}, {where}: {en}. Correct the file.")


class UnknownService(ZhidaError):
    def __init__(self, key: str, nearest: str | None) -> None:
        hint_zh, hint_en = (f"；是否指 {nearest}", f"; did you mean {nearest}") if nearest else ("", "")
        super().__init__(
            f"服务目录里没有 {key}{hint_zh}；请从服务列表中查找。",
            f"The catalogue has no service '{key}'{hint_en}. Look it up in the list of services.",
        )
