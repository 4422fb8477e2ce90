"""An authority of our own, and a certificate of 127.0.0.1 that it signed."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

AUTHORITY, CERTIFICATE, KEY = "authority.pem", "certificate.pem", "key.pem"
DAY = timedelta(days=1)


def write(folder: Path) -> None:
    """Write the three files; the authority's own key is forgotten."""
    signer, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = builder("authority", "authority", signer.public_key())
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    server = builder("server", "authority", own.public_key()).add_extension(address, critical=False)
    (folder / AUTHORITY).write_bytes(authority.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM))
    (folder / CERTIFICATE).write_bytes(server.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM))
    (folder / KEY).write_bytes(own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / KEY).chmod(0o600)


def builder(name: str, issuer: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
    )


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
