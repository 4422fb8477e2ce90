"""A certificate authority of the tests' own, which makes certificates for servers."""

import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID = datetime.timedelta(days=1)
SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Certificate(NamedTuple):
    certificate: Path
    key: Path


class Authority:
    def __init__(self, directory: Path, name: str = "authority") -> None:
        self.directory, self.file = directory, directory / f"{name}.pem"
        self._key, self._name = ec.generate_private_key(ec.SECP256R1()), _named(name)
        builder = self._builder(self._name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(SIGNS_CERTIFICATES, critical=True)  # Python 3.13 verifies strictly
        self.file.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def certificate(self, host: str) -> Certificate:
        """Make a certificate of a server of this name or address."""
        key = ec.generate_private_key(ec.SECP256R1())
        is_address = host.replace(".", "").isdigit()
        name = x509.IPAddress(ip_address(host)) if is_address else x509.DNSName(host)
        builder = self._builder(_named(host), key.public_key())
        signed = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False).sign(
            self._key, hashes.SHA256()
        )
        made = Certificate(
            self.directory / f"{self.file.stem}-{host}.pem", self.directory / f"{self.file.stem}-{host}.key"
        )
        made.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        made.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, plain))
        return made

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - VALID)
            .not_valid_after(now + VALID)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
