#!/usr/bin/env python3
"""Makes certificates and wallets for tests on loopback.

pki.py certificates FOLDER                      CA, client, and server certificates: FAULT.pem with its chain, FAULT.key
pki.py wallet FOLDER CERTIFICATES [--ca-only]   cwallet.sso, and sqlnet.ora as in a wallet from Oracle's console

An auto-login wallet (cwallet.sso) is: a head, a key, the wallet's password encrypted by that key (AES-128 in CBC mode
with a fixed vector), and a PKCS #12 file encrypted by that password. The tests show that Oracle's client opens it.
"""
import argparse
import datetime
import ipaddress
import os
import secrets
import string

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat,
                                                          load_pem_private_key, pkcs12)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
WALLET_HEAD = bytes.fromhex("a1f84e36")
WALLET_VECTOR = bytes.fromhex("c034d8311c02cef851f0144b81ed4bf2")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def distinguished_name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
                      x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Passmint wire tests"),
                      x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def alternative_name(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def certificate(common_name, issuer=None, hosts=(), is_ca=False, is_client=False, valid=(-2 * DAY, 3650 * DAY)):
    """A pair of key and certificate. The issuer is such a pair; without one, the certificate is self-signed."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject, now = distinguished_name(common_name), datetime.datetime.now(datetime.timezone.utc)
    builder = (x509.CertificateBuilder().subject_name(subject)
               .issuer_name(issuer[1].subject if issuer else subject)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now + valid[0]).not_valid_after(now + valid[1])
               .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True))
    if is_ca:
        usage = x509.KeyUsage(digital_signature=False, content_commitment=False, key_encipherment=False,
                              data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
                              encipher_only=False, decipher_only=False)
        builder = builder.add_extension(usage, critical=True)
    else:
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if is_client else ExtendedKeyUsageOID.SERVER_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if hosts:
        names = x509.SubjectAlternativeName([alternative_name(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return key, builder.sign(issuer[0] if issuer else key, hashes.SHA256())


def write(path, data, mode=0o644):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)


def store(folder, stem, pair, chain=()):
    key, leaf = pair
    write(f"{folder}/{stem}.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    write(f"{folder}/{stem}.pem", b"".join(c.public_bytes(Encoding.PEM) for c in (leaf, *chain)))


def make_certificates(folder):
    os.makedirs(folder, exist_ok=True)
    ca, stranger = certificate("Wire tests CA", is_ca=True), certificate("Unknown CA", is_ca=True)
    store(folder, "ca", ca)
    store(folder, "client", certificate("passmint", ca, is_client=True))
    store(folder, "good", certificate("localhost", ca, LOOPBACK), [ca[1]])
    store(folder, "wrong-name", certificate("other.example", ca, ("other.example",)), [ca[1]])
    store(folder, "expired", certificate("localhost", ca, LOOPBACK, valid=(-30 * DAY, -2 * DAY)), [ca[1]])
    store(folder, "unknown-ca", certificate("localhost", stranger, LOOPBACK), [stranger[1]])


def load(folder, stem):
    with open(f"{folder}/{stem}.pem", "rb") as file:
        leaf = x509.load_pem_x509_certificate(file.read())
    with open(f"{folder}/{stem}.key", "rb") as file:
        return load_pem_private_key(file.read(), None), leaf


def make_wallet(folder, certificates, ca_only):
    os.makedirs(folder, exist_ok=True)
    # 16 characters are one block of the cipher: no padding.
    password = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(16)).encode()
    ca = load(certificates, "ca")[1]
    key, leaf = (None, None) if ca_only else load(certificates, "client")
    # Clients of 2019 read these algorithms only.
    encryption = (PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2048)
                  .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
                  .build(password))
    archive = pkcs12.serialize_key_and_certificates(None, key, leaf, [ca], encryption)
    wallet_key = secrets.token_bytes(16)
    encryptor = Cipher(algorithms.AES(wallet_key), modes.CBC(WALLET_VECTOR)).encryptor()
    secret = b"\x06" + wallet_key + encryptor.update(password) + encryptor.finalize()
    head = WALLET_HEAD + (6).to_bytes(4, "big") + len(secret).to_bytes(4, "big")
    write(f"{folder}/cwallet.sso", head + secret + archive, 0o600)
    write(f"{folder}/sqlnet.ora", b'WALLET_LOCATION = (SOURCE = (METHOD = file) (METHOD_DATA = '
          b'(DIRECTORY="?/network/admin")))\nSSL_SERVER_DN_MATCH=yes\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("certificates").add_argument("folder")
    wallet = commands.add_parser("wallet")
    wallet.add_argument("folder")
    wallet.add_argument("certificates")
    wallet.add_argument("--ca-only", action="store_true")
    options = parser.parse_args()
    if options.command == "certificates":
        make_certificates(options.folder)
    else:
        make_wallet(options.folder, options.certificates, options.ca_only)


main()
