"""The key that signs certificates: the PKCS#12 file the setting names, or one of our own, made once and kept in the home folder.

An installation's own key: a root that signs one certificate and is then thrown away. Whoever gets our key cannot make others of our name
by the root; its certificate (``root.crt``) is what readers of PDFs are given to trust.
"""

from __future__ import annotations

import os
import secrets
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from zhida.blocks.credentials.errors import SigningKeyUnusable

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from pyhanko.sign.signers import SimpleSigner

_YEARS = 10


def signer() -> SimpleSigner:
    """Return who signs. Raises: SigningKeyUnusable."""
    from pyhanko.sign.signers import SimpleSigner

    if settings.CERTIFICATE_KEY:
        path, password = Path(settings.CERTIFICATE_KEY), settings.CERTIFICATE_KEY_PASSWORD.encode() or None
    else:
        path, password = own_key(Path(settings.HOME)) / "signing.p12", None
    try:
        loaded = SimpleSigner.load_pkcs12_data(path.read_bytes(), other_certs=[], passphrase=password)
    except (OSError, ValueError) as error:
        raise SigningKeyUnusable(path.name) from error
    if loaded is None:
        raise SigningKeyUnusable(path.name)
    return loaded


def own_key(home: Path) -> Path:
    """Return the folder of the installation's own key; the first call makes it, and of two at once one wins."""
    folder = home / "certificate_key"
    if folder.exists():
        return folder
    home.mkdir(parents=True, exist_ok=True)
    making = home / f".certificate_key.{os.getpid()}.{secrets.token_hex(4)}"
    making.mkdir(mode=0o700)
    try:
        _make(making)
        making.rename(folder)
    except OSError:
        # Somebody else's is in place: a folder with files in it is never replaced.
        if not folder.exists():
            raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def _make(folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import pkcs12

    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certified("直达 Zhida 证照根证书 Root", root_key, None, root_key)
    leaf = _certified("直达 Zhida 电子证照 Certificates", key, root, root_key)
    packed = pkcs12.serialize_key_and_certificates(b"zhida", key, leaf, [root], serialization.NoEncryption())
    _write(folder / "signing.p12", packed, 0o600)
    _write(folder / "root.crt", root.public_bytes(serialization.Encoding.PEM), 0o644)


def _certified(
    name: str, key: ec.EllipticCurvePrivateKey, root: x509.Certificate | None, root_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """Return a certificate for a key: a root of its own, or one that the root signed, for documents only."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    usage = dict.fromkeys(("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(root.subject if root else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin.replace(year=begin.year + _YEARS, day=min(begin.day, 28)))
        .add_extension(x509.BasicConstraints(ca=root is None, path_length=0 if root is None else None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=root is not None,
                content_commitment=root is not None,
                key_cert_sign=root is None,
                crl_sign=root is None,
                **usage,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )


def _write(path: Path, data: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
