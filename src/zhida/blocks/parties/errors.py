"""Mistakes about who is who."""

from zhida.kernel.errors import ZhidaError


class MergeNotFound(ZhidaError):
    def __init__(self, merge_id: int) -> None:
        super().__init__(
            f"没有编号为 {merge_id} 的合并记录；请从合并列表中重新选择。",
            f"There is no merge {merge_id}. Choose one from the list of merges.",
        )


class MergeImpossible(ZhidaError):
    def __init__(self, kept_no: int, merged_no: int, zh: str, en: str) -> None:
        super().__init__(
            f"居民 {merged_no} 不能并入 {kept_no}：{zh}。",
            f"Resident {merged_no} cannot be merged into {kept_no}: {en}.",
        )
