"""Mistakes about electronic certificates: each one sentence, with numbers, never personal data and never a code."""

from zhida.kernel.errors import ZhidaError


class InvalidCertificate(ZhidaError):
    def __init__(self, key: str, detail_zh: str, detail: str) -> None:
        super().__init__(
            f"证照 {key} 不能签发：{detail_zh}；请改正后再签发。",
            f"The certificate {key} was not issued: {detail}. Correct it and issue it again.",
        )


class CertificateKeyTaken(ZhidaError):
    def __init__(self, key: str) -> None:
        super().__init__(
            f"键 {key} 已用于另一份证照；请换一个新的键。",
            f"The key {key} belongs to another certificate. Use a new key.",
        )


class CertificateNotFound(ZhidaError):
    def __init__(self, certificate_id: int) -> None:
        super().__init__(
            f"没有证照 {certificate_id}；请从证照列表中选择。",
            f"There is no certificate {certificate_id}. Choose one from the list.",
        )


class RevocationWithoutReason(ZhidaError):
    def __init__(self, certificate_id: int) -> None:
        super().__init__(
            f"撤销证照 {certificate_id} 没有写明原因；请写明原因后再撤销。",
            f"Certificate {certificate_id} was not revoked, because no reason was given. Give the reason and revoke it again.",
        )


class CertificateAltered(ZhidaError):
    def __init__(self, certificate_id: int) -> None:
        super().__init__(
            f"证照 {certificate_id} 的内容与签发时的哈希不符，没有生成文件；请停止使用并与备份核对。",
            f"Certificate {certificate_id} does not match the hash of its issue, so no file was made. Compare it with the backup.",
        )


class PdfLost(ZhidaError):
    def __init__(self, certificate_id: int) -> None:
        super().__init__(
            f"证照 {certificate_id} 的文件不在了或被改动；请从备份恢复 certificates 文件夹。",
            f"The file of certificate {certificate_id} is missing or was changed. Restore the folder certificates from the backup.",
        )


class SigningKeyUnusable(ZhidaError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"签章密钥文件 {name} 打不开；请核对 ZHIDA_CERTIFICATE_KEY 和它的密码。",
            f"The signing key {name} cannot be opened. Check ZHIDA_CERTIFICATE_KEY and its password.",
        )


class PdfToolsMissing(ZhidaError):
    def __init__(self) -> None:
        super().__init__(
            "这台机器缺少排版库，证照文件没有生成；请安装 Debian 软件包 libpango-1.0-0、libpangoft2-1.0-0、libharfbuzz-subset0。",
            "The typesetting library is missing, so no file was made. Install libpango-1.0-0, libpangoft2-1.0-0, libharfbuzz-subset0.",
        )
