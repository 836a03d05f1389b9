"""Mistakes about who may see what."""

from zhida.kernel.errors import ZhidaError


class PermissionMissing(ZhidaError):
    def __init__(self, account: str, permission: str) -> None:
        super().__init__(
            f"账号 {account} 没有“{permission}”权限；请联系系统管理员或换用有权限的账号。",
            f"Account {account} does not hold the permission '{permission}'. Ask the administrator, or sign in with an account that does.",
        )


class NotYours(ZhidaError):
    def __init__(self, account: str, subject: str) -> None:
        super().__init__(
            f"账号 {account} 无权查看 {subject}；只能查看本人或本辖区的记录。",
            f"Account {account} may not see {subject}. Open your own record or one of your area.",
        )


class AuditChainBroken(ZhidaError):
    def __init__(self, sequence: int) -> None:
        super().__init__(
            f"审计日志第 {sequence} 条与前一条的哈希不符；请停止写入并与备份核对。",
            f"Entry {sequence} of the audit log does not match the hash before it. Stop writing and compare with the backup.",
        )


class DelegationRefused(ZhidaError):
    """A delegation that may not be made; the reason and the next step are one sentence."""

    def __init__(self, to_account: str, zh: str, en: str) -> None:
        super().__init__(f"不能委托给 {to_account or '空账号'}：{zh}", f"Nothing can be delegated to {to_account or 'nobody'}: {en}")


class DelegationEnded(ZhidaError):
    def __init__(self, delegation_id: int) -> None:
        super().__init__(
            f"委托 {delegation_id} 不存在或已经结束；请刷新委托清单。",
            f"There is no delegation {delegation_id} in force or to come. Reload the list of delegations.",
        )
