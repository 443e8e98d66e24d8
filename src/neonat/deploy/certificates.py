"""A certificate authority of one's own, and what it signs: the broker, ingest, the desk.

Keys are EC P-256: small, and every board can check them.
"""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from neonat.deploy.problem import DeployError

CA_DAYS = 3650
DAYS = 825
# Clocks of boards may be behind.
BEFORE = timedelta(days=1)


class Pair(NamedTuple):
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes


def authority(name: str, now: datetime | None = None) -> Pair:
    """A new authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name, key.public_key(), now, CA_DAYS).issuer_name(_name(name))
    builder = builder.add_extension(x509.BasicConstraints(True, 0), True)
    builder = builder.add_extension(_usage(signs=True), True)
    return _pair(builder.sign(key, hashes.SHA256()), key)


def signed(
    ca: Pair, name: str, hosts: Sequence[str] = (), now: datetime | None = None, days: int = DAYS
) -> Pair:
    """A certificate for a server that is reached by `hosts`, without them for a client.

    DeployError when the authority cannot be read or a host is none.
    """
    try:
        issuer = x509.load_pem_x509_certificate(ca.certificate)
        signer = serialization.load_pem_private_key(ca.key, None)
    except (ValueError, TypeError) as error:
        raise DeployError(f"the authority in tls/ca.pem and tls/ca.key is none: {error}") from error
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name, key.public_key(), now, days).issuer_name(issuer.subject)
    builder = builder.add_extension(x509.BasicConstraints(False, None), True)
    builder = builder.add_extension(_usage(signs=False), True)
    use = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = builder.add_extension(x509.ExtendedKeyUsage([use]), False)
    if hosts:
        names = x509.SubjectAlternativeName([_host(host) for host in hosts])
        builder = builder.add_extension(names, False)
    return _pair(builder.sign(signer, hashes.SHA256()), key)


def _builder(
    name: str, key: ec.EllipticCurvePublicKey, now: datetime | None, days: int
) -> x509.CertificateBuilder:
    now = now or datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError:
        raise DeployError(f"{host!r} is no host: name it in ASCII") from None


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    return Pair(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def complaint(certificate: bytes, ca: bytes) -> str | None:
    """Why a certificate is not one of this authority; None when it is."""
    try:
        found = x509.load_pem_x509_certificate(certificate)
        issuer = x509.load_pem_x509_certificate(ca)
        found.verify_directly_issued_by(issuer)
    except Exception as error:
        return f"not signed by tls/ca.pem ({type(error).__name__})"
    return None


def ends(certificate: bytes) -> datetime:
    """When a certificate is over, UTC; ValueError when it is none."""
    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc


def hosts_of(certificate: bytes) -> list[str]:
    """The names and addresses that a server's certificate is for."""
    found = x509.load_pem_x509_certificate(certificate)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(one.value) for one in names]
