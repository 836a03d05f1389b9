"""Mistakes about feeds, facts and snapshots."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from zhida.kernel.errors import ZhidaError


class ContractInvalid(ZhidaError):
    def __init__(self, record_type: str, where: str, zh: str, en: str) -> None:
        super().__init__(
            f"记录契约 {record_type}.yaml 的 {where}：{zh}。请修改契约后重试。", f"{record_type}.yaml, {where}: {en}. Correct the contract."
        )


class UnknownRecordType(ZhidaError):
    def __init__(self, written: str, nearest: str | None) -> None:
        hint_zh, hint_en = (f"；是否指 {nearest}", f"; did you mean {nearest}") if nearest else ("", "")
        super().__init__(
            f"没有名为 {written} 的记录类型{hint_zh}；文件名应写成 <记录类型>.csv 或 <记录类型>__<区代码>.csv。",
            f"There is no record type '{written}'{hint_en}. Name the file <record type>.csv or <record type>__<district>.csv.",
        )


class FeedNotFound(ZhidaError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"找不到文件 {path}；请检查路径后重试。", f"There is no file {path}. Check the path and run again.")


class FolderNotAFeed(ZhidaError):
    def __init__(self, path: Path, zh: str, en: str) -> None:
        super().__init__(
            f"文件夹 {path} 不能接收：{zh}；请向数据提供方索取完整的文件夹。",
            f"The folder {path} cannot be received: {en}. Ask its sender for the whole folder.",
        )


class AreaUnknown(ZhidaError):
    def __init__(self, record_type: str, written: str) -> None:
        super().__init__(
            f"{record_type} 的文件写明区划 {written}，但它既不是本市也不是现行的区；请更正文件名。",
            f"A file of {record_type} names area {written}, which is neither the city nor a district in force. Correct the file name.",
        )


class DeliveryNotFound(ZhidaError):
    def __init__(self, delivery_id: int) -> None:
        super().__init__(
            f"没有编号为 {delivery_id} 的交付；请从数据接收页面重新选择。",
            f"There is no delivery {delivery_id}. Choose one from the page of deliveries.",
        )


class RowNotQuarantined(ZhidaError):
    def __init__(self, delivery_id: int, row_no: int) -> None:
        super().__init__(
            f"交付 {delivery_id} 的第 {row_no} 行不在待核数据中；已接收的行请由来源部门重新报送更正文件。",
            f"Row {row_no} of delivery {delivery_id} is not quarantined. Only its department changes an accepted row, by a new file.",
        )


class CorrectionRefused(ZhidaError):
    def __init__(self, delivery_id: int, row_no: int, zh: str, en: str) -> None:
        super().__init__(
            f"交付 {delivery_id} 第 {row_no} 行的更正未通过校验：{zh}",
            f"The correction of row {row_no} of delivery {delivery_id} was not accepted: {en}",
        )


class UnknownField(ZhidaError):
    def __init__(self, record_type: str, field: str, known: list[str]) -> None:
        super().__init__(
            f"{record_type} 没有字段 {field}；可更正的字段有 {'、'.join(known)}。",
            f"{record_type} has no field '{field}'. Fields that can be corrected: {', '.join(known)}.",
        )


class NoResidents(ZhidaError):
    def __init__(self, known_on: date) -> None:
        super().__init__(
            f"到 {known_on} 为止没有已接收的常住人口登记（resident）；请先接收该部门的文件。",
            f"No resident register had been accepted by {known_on}. Receive that department's file first.",
        )


class NoSnapshot(ZhidaError):
    def __init__(self, month: str) -> None:
        super().__init__(
            f"{month} 还没有事实快照；请先接收各部门数据并冻结该月快照。",
            f"There is no snapshot of facts for {month}. Receive the departments' feeds and freeze that month first.",
        )


class NoSnapshotThen(ZhidaError):
    def __init__(self, month: str, known_on: date) -> None:
        command = f"zhida run --month {month} --known-on {known_on}"
        super().__init__(
            f"没有 {month} 截至 {known_on} 的事实快照；请先运行 {command}。",
            f"There is no snapshot of {month} with what was known on {known_on}. Make it first: {command}.",
        )


class SnapshotMissing(ZhidaError):
    def __init__(self, snapshot_hash: str) -> None:
        super().__init__(
            f"快照 {snapshot_hash[:12]} 的文件不在数据文件夹中；请从备份恢复，或重新冻结该月。",
            f"The files of snapshot {snapshot_hash[:12]} are missing. Restore them from the backup, or freeze the month again.",
        )


class ResidentNotFound(ZhidaError):
    def __init__(self, resident_no: int) -> None:
        super().__init__(
            f"快照中没有编号为 {resident_no} 的居民；请核对编号，或先接收最新的常住人口登记。",
            f"Resident {resident_no} is not in the snapshot. Check the number, or receive the newest resident register.",
        )


class HouseholdNotFound(ZhidaError):
    def __init__(self, household_no: int) -> None:
        super().__init__(
            f"快照中没有户号为 {household_no} 的家庭；请核对户号。", f"Household {household_no} is not in the snapshot. Check the number."
        )
