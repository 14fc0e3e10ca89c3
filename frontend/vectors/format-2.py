"""Makes format-2.txt: bytes of format 2, by pycryptodome and the text of docs/SECURITY.md.

    python3 -m venv venv && venv/bin/pip install pycryptodome
    venv/bin/python format-2.py > format-2.txt
"""

import base64
import hashlib
import hmac
import json
import uuid

from Crypto.Cipher import ChaCha20_Poly1305


def hkdf(secret, info):
    """HKDF-SHA-512 (RFC 5869) without a salt, for one block or less."""
    extracted = hmac.new(bytes(64), secret, hashlib.sha512).digest()
    return hmac.new(extracted, info + b"\1", hashlib.sha512).digest()[:32]


def seal(key, nonce, plaintext, associated):
    cipher = ChaCha20_Poly1305.new(key=key, nonce=nonce)
    cipher.update(associated)
    ciphertext, tag = cipher.encrypt_and_digest(plaintext)
    return nonce + ciphertext + tag


def number(value, length=4):
    return value.to_bytes(length, "big")


def padded(document, size=1024):
    return (number(len(document)) + document).ljust(size, b"\0")


NONCE = bytes(range(24))
ROOT = b"\7" * 32
HEADER = b"\2" + number(1)


def uuid_bytes(value, version):
    """The bits of RFC 9562, section 4, in 16 bytes."""
    return uuid.UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | version << 76 | 0x2 << 62).bytes


ACCOUNT = uuid_bytes(int.from_bytes(b"\1" * 16, "big"), 4)
ENTRY = uuid_bytes(1_790_000_000_000 << 80 | int.from_bytes(b"\3" * 10, "big"), 7)
DOCUMENT = json.dumps(
    {"name": "GitHub", "password": "kV9!mQ2#", "created_at": 1_790_000_000_000, "changed_at": 1_790_000_000_000},
    separators=(",", ":"),
).encode()


def part(label, plaintext, bound):
    return HEADER + seal(hkdf(ROOT, label), NONCE, plaintext, HEADER + ACCOUNT + bound)


wrapping = hkdf(b"\5" * 64, b"passmint/1/key-encryption key/passphrase")
earlier = b"".join(number(key) + bytes([byte]) * 32 for key, byte in [(0, 6), (1, 7)])
vectors = {
    "entry": part(b"passmint/1/entry key", padded(DOCUMENT), ENTRY + number(1) + b"\0"),
    "deletion": part(b"passmint/1/entry key", b"", ENTRY + number(2) + b"\1"),
    "head": part(b"passmint/2/head key", number(258, 8) + b"\xd1" * 32, b"head"),
    "memory": part(b"passmint/2/memory key", b"remembered", b"memory"),
    "wrapped-key": b"\2" + seal(wrapping, NONCE, ROOT, HEADER + ACCOUNT + b"passphrase" + b"\0" + b"ada"),
    "earlier-keys": seal(
        hkdf(b"\x09" * 32, b"passmint/2/earlier keys"), NONCE, earlier, b"\2" + number(2) + ACCOUNT + b"earlier keys"
    ),
}
for name, value in vectors.items():
    print(name, base64.urlsafe_b64encode(value).decode().rstrip("="))
