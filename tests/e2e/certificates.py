"""Valid and invalid X.509 certificates, generated for each test run."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Pair:
    """A private key and its certificate; `pem` holds both, as a server needs them."""

    def __init__(self, key, certificate):
        self.key = key
        self.certificate = certificate

    @property
    def cert_pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def cert_der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self):
        return self._key(serialization.NoEncryption())

    @property
    def encrypted_key_pem(self):
        return self._key(serialization.BestAvailableEncryption(b"password"))

    def _key(self, encryption):
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, encryption)

    @property
    def pem(self):
        return self.key_pem + self.cert_pem


def make(
    name="localhost",
    issuer=None,
    alternatives=("localhost", "127.0.0.1"),
    ca=False,
    valid=(-DAY, 30 * DAY),
    usage=SERVER,
    rsa_bits=None,
):
    """Return a Pair signed by `issuer` (a Pair) or self-signed; `valid` is relative to now."""
    key = rsa.generate_private_key(65_537, rsa_bits) if rsa_bits else None
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer.certificate.subject if issuer else _name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + valid[0])
        .not_valid_after(NOW + valid[1])
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
    )
    if alternatives:
        names = [_alternative(each) for each in alternatives]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if usage and not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    signer = issuer.key if issuer else key
    return Pair(key, builder.sign(signer, hashes.SHA256()))


def authority(name="CA of the test"):
    return make(name, ca=True, alternatives=())
