"""The client's half of OPAQUE (RFC 9807) with the server's keys at hand: no network, no blinding.

Written from RFC 9807, RFC 9497 (OPRF) and RFC 9380 (hashing), over libsodium's ristretto255 (RFC 9496). Passmint's
configuration is the one of RFC 9807, section 7, with ristretto255, SHA-512 and Argon2id.
"""

import hashlib
import hmac

import nacl.bindings as sodium
import nacl.pwhash.argon2id as argon2id
import rbcl

ORDER = 2**252 + 27742317777372353535851937790883648493
OPRF_CONTEXT = b"OPRFV1-\x00-ristretto255-SHA512"


class WrongSecret(Exception):
    """The secret does not fit the record."""


def hkdf_extract(salt, secret):
    """HKDF-Extract with SHA-512 (RFC 5869, section 2.2)."""
    return hmac.digest(salt or bytes(64), secret, "sha512")


def hkdf_expand(key, info, length):
    """HKDF-Expand with SHA-512 (RFC 5869, section 2.3)."""
    output, block, counter = b"", b"", 1
    while len(output) < length:
        block = hmac.digest(key, block + info + bytes([counter]), "sha512")
        output, counter = output + block, counter + 1
    return output[:length]


def hkdf(secret, info, length):
    """HKDF without a salt, as Passmint derives every key of its own."""
    return hkdf_expand(hkdf_extract(b"", secret), info, length)


def with_length(data):
    """A value behind its length in two bytes."""
    return len(data).to_bytes(2, "big") + data


def expand_message(message, tag, length=64):
    """expand_message_xmd with SHA-512 (RFC 9380, section 5.3.1)."""
    tag += bytes([len(tag)])
    first = hashlib.sha512(bytes(128) + message + length.to_bytes(2, "big") + b"\0" + tag).digest()
    blocks = [hashlib.sha512(first + b"\1" + tag).digest()]
    while 64 * len(blocks) < length:
        mixed = bytes(a ^ b for a, b in zip(first, blocks[-1]))
        blocks.append(hashlib.sha512(mixed + bytes([len(blocks) + 1]) + tag).digest())
    return b"".join(blocks)[:length]


def derive_private_key(seed, info):
    """DeriveKeyPair's private key (RFC 9497, section 3.2.1)."""
    for counter in range(256):
        wide = expand_message(seed + with_length(info) + bytes([counter]), b"DeriveKeyPair" + OPRF_CONTEXT)
        scalar = int.from_bytes(wide, "little") % ORDER
        if scalar:
            return scalar.to_bytes(32, "little")
    raise ValueError("no key from this seed")


def oprf(key, secret):
    """The OPRF's output for a secret (RFC 9497, section 3.3.1: Evaluate)."""
    point = rbcl.crypto_core_ristretto255_from_hash(expand_message(secret, b"HashToGroup-" + OPRF_CONTEXT))
    evaluated = rbcl.crypto_scalarmult_ristretto255(key, point)
    return hashlib.sha512(with_length(secret) + with_length(evaluated) + b"Finalize").digest()


def argon2id_of(secret, salt, length, memory_kib, passes):
    """Argon2id, version 1.3, one lane."""
    return argon2id.kdf(length, secret, salt, opslimit=passes, memlimit=memory_kib * 1024)


def stretch(output):
    """Passmint's key stretching function, suite 1: Argon2id with 64 MiB, 3 passes, 1 lane, and a salt of 16 zeros."""
    return argon2id_of(output, bytes(16), 64, 65536, 3)


def export_key(oprf_seed, server_private_key, credential_identifier, record, secret, stretch=stretch, identities=None):
    """Opens the envelope of a record (RFC 9807, section 4.1.3), and gives the export key (64 bytes).

    `record` is a RegistrationRecord: the client's public key (32), masking key (64), envelope nonce (32) and
    authentication tag (64). Without `identities` they are the public keys.
    """
    client_public_key, masking_key, nonce, tag = record[:32], record[32:96], record[96:128], record[128:192]
    seed = hkdf_expand(oprf_seed, credential_identifier + b"OprfKey", 32)
    output = oprf(derive_private_key(seed, b"OPAQUE-DeriveKeyPair"), secret)
    randomized = hkdf_extract(b"", output + stretch(output))
    if not hmac.compare_digest(hkdf_expand(randomized, b"MaskingKey", 64), masking_key):
        raise WrongSecret("wrong secret, or another record")

    private_key = derive_private_key(hkdf_expand(randomized, nonce + b"PrivateKey", 32), b"OPAQUE-DeriveDiffieHellmanKeyPair")
    if rbcl.crypto_scalarmult_ristretto255_base(private_key) != client_public_key:
        raise WrongSecret("the record's public key is not of this secret")
    server_public_key = rbcl.crypto_scalarmult_ristretto255_base(server_private_key)
    client, server = identities or (client_public_key, server_public_key)
    credentials = server_public_key + with_length(server) + with_length(client)
    auth_key = hkdf_expand(randomized, nonce + b"AuthKey", 64)
    if not hmac.compare_digest(hmac.digest(auth_key, nonce + credentials, "sha512"), tag):
        raise WrongSecret("the envelope was changed")
    return hkdf_expand(randomized, nonce + b"ExportKey", 64)


def check_vectors(vectors):
    """Compares with the vectors of RFC 9807, appendix C, which use no key stretching. Gives their number."""
    checked = 0
    for vector in vectors:
        given = {name: bytes.fromhex(value) for name, value in vector["inputs"].items()}
        wanted = {name: bytes.fromhex(value) for name, value in vector["outputs"].items()}
        if "export_key" not in wanted:
            continue
        named = (given["client_identity"], given["server_identity"]) if "client_identity" in given else None
        found = export_key(
            given["oprf_seed"],
            given["server_private_key"],
            given["credential_identifier"],
            wanted["registration_upload"],
            given["password"],
            stretch=lambda output: output,
            identities=named,
        )
        if found != wanted["export_key"]:
            raise AssertionError("another export key than the published one")
        checked += 1
    return checked


__all__ = ["WrongSecret", "argon2id_of", "check_vectors", "export_key", "hkdf", "sodium"]
