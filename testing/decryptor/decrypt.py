"""Opens what Passmint stores, without Passmint, as docs/SECURITY.md says. Its author had read Passmint's code.

    decrypt.py entries --data FOLDER --username NAME --secret-file FILE [--kind passphrase|recovery]
    decrypt.py archive ARCHIVE [--passphrase-file FILE] --into FOLDER
    decrypt.py backup FILE.html --passphrase-file FILE
    decrypt.py vectors FILE.json

`entries` reads `server-key` and `passmint.db` in a folder, as an archive contains them, and prints one JSON object: the
account, and every entry with its version. It fails if the head does not fit the entries. `archive` opens an archive of
`passmint backup` into a folder and checks its manifest. `backup` prints the text of an encrypted export. Secrets come
from files, never from the command line. Nothing is written but what `archive` unpacks.
"""

import argparse
import base64
import hashlib
import io
import json
import pathlib
import re
import sqlite3
import sys
import tarfile
import unicodedata

import nacl.exceptions

from opaque import WrongSecret, argon2id_of, check_vectors, export_key, hkdf, sodium

FORMAT = 2


class Refused(Exception):
    """The bytes are not what the document says."""


def number(value, length=4):
    return value.to_bytes(length, "big")


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def open_xchacha(key, nonce, sealed, associated):
    try:
        return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, associated, nonce, key)
    except nacl.exceptions.CryptoError as error:
        raise Refused("a seal does not open") from error


def without_padding(padded):
    length = int.from_bytes(padded[:4], "big")
    document, zeros = padded[4 : 4 + length], padded[4 + length :]
    if len(document) != length or any(zeros):
        raise Refused("the padding is not zeros")
    return document


# Keys


class ServerKey:
    """The server key: a prefix, and base64url of seed (64), private key (32), decoy's public key (32), and more."""

    def __init__(self, text):
        key = from_base64url(text.strip().partition(".")[2])
        self.oprf_seed, self.private_key = key[:64], key[64:96]


WORDS = 2048


def recovery_secret(text, words):
    """The 16 bytes of a recovery code: twelve words of BIP 39, each with a check digit behind it."""
    found = [re.sub(r"[0-9]+$", "", word) for word in text.lower().split()]
    found = [word for word in found if word]
    if len(found) != 12:
        raise Refused("a recovery code has twelve words")
    bits = 0
    for word in found:
        bits = bits * WORDS + words.index(word)
    secret, checksum = number(bits >> 4, 16), bits & 15
    if hashlib.sha256(secret).digest()[0] >> 4 != checksum:
        raise Refused("the recovery code's checksum is wrong")
    return secret


def vault_keys(account, kind, secret, server_key):
    """The vault keys of an account by their numbers: the current one, and the earlier ones."""
    username = account["login"]
    identifier = kind.encode() + b"\0" + username.encode()
    exported = export_key(
        server_key.oprf_seed, server_key.private_key, identifier, account[f"{kind}_record"], secret
    )
    wrapping = hkdf(exported, b"passmint/1/key-encryption key/" + kind.encode(), 32)
    wrapped, current = account[f"{kind}_key"], account["key_no"]
    if wrapped[0] == 2:
        associated = b"\2" + number(current) + account["id"] + kind.encode() + b"\0" + username.encode()
    else:
        associated = b"\1" + account["id"] + kind.encode()
    keys = {current: open_xchacha(wrapping, wrapped[1:25], wrapped[25:], associated)}
    if account["earlier_keys"]:
        sealed = account["earlier_keys"]
        associated = bytes([FORMAT]) + number(current) + account["id"] + b"earlier keys"
        key = hkdf(keys[current], b"passmint/2/earlier keys", 32)
        listed = open_xchacha(key, sealed[:24], sealed[24:], associated)
        for place in range(0, len(listed), 36):
            keys[int.from_bytes(listed[place : place + 4], "big")] = listed[place + 4 : place + 36]
    return keys


# Entries


def key_number(sealed):
    return int.from_bytes(sealed[1:5], "big") if sealed[0] == FORMAT else 0


def open_entry(keys, account_id, entry_id, version, sealed):
    """The document of an entry; None for a deletion."""
    if sealed[0] == FORMAT:
        nonce, ciphertext = sealed[5:29], sealed[29:]
        kind = b"\1" if len(ciphertext) == 16 else b"\0"
        associated = sealed[:5] + account_id + entry_id + number(version) + kind
    elif sealed[0] == 1:
        nonce, ciphertext, kind = sealed[1:25], sealed[25:], b"\0"
        associated = b"\1" + account_id + entry_id + number(version)
    else:
        raise Refused("unknown format")
    key = hkdf(keys[key_number(sealed)], b"passmint/1/entry key", 32)
    padded = open_xchacha(key, nonce, ciphertext, associated)
    return json.loads(without_padding(padded)) if kind == b"\0" else None


def check_head(keys, account, rows):
    """Compares an account's head with its rows."""
    head = account["head"]
    if head is None:
        return
    key = hkdf(keys[key_number(head)], b"passmint/2/head key", 32)
    opened = open_xchacha(key, head[5:29], head[29:], head[:5] + account["id"] + b"head")
    digest = hashlib.sha512()
    for row in sorted(rows, key=lambda row: row["id"]):
        sealed = row["sealed"]
        last = sealed[-16:] if sealed else bytes(16)
        digest.update(row["id"] + number(row["version"]) + number(key_number(sealed) if sealed else 0) + last)
    if opened != number(account["change_no"], 8) + digest.digest()[:32]:
        raise Refused("the head does not fit the entries")


def entries(folder, username, kind, secret):
    folder = pathlib.Path(folder)
    server_key = ServerKey((folder / "server-key").read_text())
    database = sqlite3.connect(f"file:{folder / 'passmint.db'}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    account = database.execute("SELECT * FROM accounts WHERE login = ?", [username]).fetchone()
    if account is None:
        raise Refused("there is no such account")
    keys = vault_keys(account, kind, secret, server_key)
    # A sealed deletion has a column of its own; one from before deletions were sealed has neither.
    query = "SELECT id, version, coalesce(sealed, sealed_deletion) AS sealed FROM passwords WHERE account_id = ?"
    rows = database.execute(query, [account["id"]]).fetchall()
    check_head(keys, account, rows)
    opened = []
    for row in rows:
        sealed = row["sealed"]
        document = sealed and open_entry(keys, account["id"], row["id"], row["version"], sealed)
        opened.append({"id": row["id"].hex(), "version": row["version"], "entry": document})
    return {"account": account["id"].hex(), "key_no": account["key_no"], "entries": opened}


# Files


def unsealed(archive, passphrase):
    """The tar in a sealed archive."""
    head, rest = archive[:45], archive[45:]
    if head[:16] != b"passmint-archive" or head[16] != 1:
        raise Refused("not a sealed archive of format 1")
    memory, passes, lanes = (int.from_bytes(head[at : at + 4], "big") for at in (17, 21, 25))
    if lanes != 1:
        raise Refused("this program knows one lane only")
    key = argon2id_of(passphrase, head[29:45], 32, memory, passes)
    chunk, tar, place = 65536 + 16, b"", 0
    for start in range(0, len(rest), chunk):
        nonce = bytes(7) + number(place) + bytes([start + chunk >= len(rest)])
        try:
            tar += sodium.crypto_aead_chacha20poly1305_ietf_decrypt(rest[start : start + chunk], head, nonce, key)
        except nacl.exceptions.CryptoError as error:
            raise Refused("wrong passphrase, or a changed archive") from error
        place += 1
    return tar


def unpack(archive, passphrase, folder):
    archive = pathlib.Path(archive).read_bytes()
    tar = tarfile.open(fileobj=io.BytesIO(archive if passphrase is None else unsealed(archive, passphrase)))
    files = {member.name: tar.extractfile(member).read() for member in tar.getmembers()}
    manifest = json.loads(files["manifest.json"])
    folder = pathlib.Path(folder)
    for name in ("server-key", "passmint.db"):
        if hashlib.sha256(files[name]).hexdigest() != manifest["files"][name]:
            raise Refused(f"the manifest has another hash of {name}")
        (folder / name).write_bytes(files[name])
    return {"unpacked": sorted(files)}


def backup(path, passphrase):
    page = pathlib.Path(path).read_text()
    found = re.search(r'\{[^{}]*"passmint-backup"[^{}]*\}', page)
    if found is None:
        raise Refused("no encrypted export is in this file")
    sealed = json.loads(found.group())
    if (sealed["passmint-backup"], sealed["kdf"], sealed["lanes"]) != (1, "argon2id", 1):
        raise Refused("another format, function, or number of lanes")
    salt, memory, passes = from_base64url(sealed["salt"]), sealed["memory_kib"], sealed["passes"]
    key = argon2id_of(passphrase, salt, 32, memory, passes)
    associated = b"passmint-backup\1" + number(memory) + number(passes) + number(sealed["lanes"]) + salt
    padded = open_xchacha(key, from_base64url(sealed["nonce"]), from_base64url(sealed["sealed"]), associated)
    return json.loads(without_padding(padded))


def secret_in(path):
    """The text of a file without the end of its line, in normalisation form C."""
    return unicodedata.normalize("NFC", pathlib.Path(path).read_text().rstrip("\r\n"))


def main():
    parser = argparse.ArgumentParser(description="Opens what Passmint stores.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("entries")
    command.add_argument("--data", required=True)
    command.add_argument("--username", required=True)
    command.add_argument("--kind", choices=["passphrase", "recovery"], default="passphrase")
    command.add_argument("--secret-file", required=True)
    command.add_argument("--words", help="BIP 39's English list, for a recovery code")
    command = commands.add_parser("archive")
    command.add_argument("archive")
    command.add_argument("--passphrase-file")
    command.add_argument("--into", required=True)
    command = commands.add_parser("backup")
    command.add_argument("file")
    command.add_argument("--passphrase-file", required=True)
    command = commands.add_parser("vectors")
    command.add_argument("file")
    asked = parser.parse_args()
    try:
        if asked.command == "entries":
            secret = secret_in(asked.secret_file)
            if asked.kind == "recovery":
                secret = recovery_secret(secret, pathlib.Path(asked.words).read_text().split())
            else:
                secret = secret.encode()
            answer = entries(asked.data, asked.username, asked.kind, secret)
        elif asked.command == "archive":
            passphrase = asked.passphrase_file and secret_in(asked.passphrase_file).encode()
            answer = unpack(asked.archive, passphrase, asked.into)
        elif asked.command == "backup":
            answer = backup(asked.file, secret_in(asked.passphrase_file).encode())
        else:
            answer = {"vectors": check_vectors(json.loads(pathlib.Path(asked.file).read_text()))}
    except (Refused, WrongSecret) as error:
        sys.exit(f"refused: {error}")
    print(json.dumps(answer, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
