"""Keys, checkpoints and proofs, by our own hand and by others'."""

from __future__ import annotations

import base64
import io
import json
import stat
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tests.reliability.deeds import fill, routed

from evenstock.domain.merkle import Frontier, consistency_proof, inclusion_proof, leaf_hash, root_of
from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.audit.checkpoint import Checkpoint, seal
from evenstock.operations.audit.rows import audit_of
from evenstock.operations.ports import Store, StoreError
from evenstock.storage.audit_evidence import verify as verifier
from evenstock.storage.audit_evidence.pack import write_pack
from evenstock.storage.audit_evidence.verify import Tree, check_stream, ed25519_verifies, extends, included, verify
from evenstock.storage.audit_folder import AuditFolder
from evenstock.storage.audit_key import open_key

RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
"""Tests 1 to 3 of section 7.1."""


@pytest.mark.parametrize(("key", "text", "signature"), RFC_8032)
def test_the_verifier_reads_the_signatures_of_the_rfc(key: str, text: str, signature: str) -> None:
    public, said, signed = (bytes.fromhex(part) for part in (key, text, signature))

    assert ed25519_verifies(public, said, signed)
    assert not ed25519_verifies(public, said + b"!", signed)
    assert not ed25519_verifies(public, said, signed[:31] + bytes([signed[31] ^ 1]) + signed[32:])
    assert not ed25519_verifies(public, said, signed[:-1])


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_the_verifier_and_the_library_agree(seed: bytes, text: bytes, bit: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signed = key.public_key().public_bytes_raw(), key.sign(text)
    flipped = bytearray(signed)
    flipped[bit // 8] ^= 1 << bit % 8

    assert ed25519_verifies(public, text, signed)
    assert not ed25519_verifies(public, text, bytes(flipped))


@given(st.lists(st.integers(0, 40), max_size=8))
def test_the_verifiers_tree_is_ours_in_whatever_portions_it_grows(portions: list[int]) -> None:
    leaves = [leaf_hash(str(k).encode()) for k in range(sum(portions))]
    theirs, ours, at = Tree(), Frontier(), 0
    for portion in portions:
        theirs.extend(b"".join(leaves[at : at + portion]))
        for leaf in leaves[at : at + portion]:
            ours.append(leaf)
        at += portion
        assert theirs.root() == ours.root()


@pytest.mark.parametrize("at_once", [1, 7, 64, 1 << 18])
def test_a_long_stream_is_read_in_pieces_and_says_the_same(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(verifier, "CHUNK", at_once)
    lines = [b"3 %d 2026-11-20T15:00:00Z {}" % number for number in range(1, 10)]
    links, link = [], bytes(32)
    for line in lines:
        link = leaf_hash(link + line)
        links.append(link)

    def said(rows: list[bytes], stored: list[bytes]) -> list[str]:
        wrong: list[str] = []
        check_stream(3, io.BytesIO(b"".join(row + b"\n" for row in rows)), b"".join(stored), wrong)
        return wrong

    assert said(lines, links) == []
    edited = [*lines[:4], lines[4].replace(b"2026", b"2025"), *lines[5:]]
    assert said(edited, links) == ["stream 3, row 5: it is not what was written: its bytes and its link do not match"]
    assert said([*lines[:4], *lines[6:]], [*links[:4], *links[6:]]) == [
        "stream 3: rows 5 to 6 are missing: they were deleted"
    ]
    swapped = [0, 2, 1, *range(3, 9)]
    assert said([lines[k] for k in swapped], [links[k] for k in swapped])[1] == (
        "stream 3: row 2 stands after row 3: rows were put in another order"
    )
    assert said(lines[:8], links) == ["stream 3: 8 rows, but 9 links"]
    assert said(lines, links[:8])[-1] == "stream 3: 9 rows, but 8 links"


@given(st.integers(1, 70), st.data())
def test_the_verifier_reads_our_proofs_and_no_others(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(str(k).encode()) for k in range(size)]
    index, earlier = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    root, first = root_of(leaves), root_of(leaves[:earlier])

    assert included(leaves[index], index, size, inclusion_proof(leaves, index), root)
    assert extends(earlier, size, first, root, consistency_proof(leaves, earlier))
    assert not included(leaf_hash(b"other"), index, size, inclusion_proof(leaves, index), root)
    if 0 < earlier < size:
        assert not extends(earlier, size, leaf_hash(b"other"), root, consistency_proof(leaves, earlier))


@pytest.fixture
def folder(tmp_path: Path) -> AuditFolder:
    return AuditFolder(tmp_path / "checkpoints", tmp_path / "secret" / "key")


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret" / "key"
    made = open_key(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_key(path) == made
    assert path.read_text().startswith(f"PRIVATE+KEY+{made.name}+")
    assert base64.b64encode(made.seed).decode() not in made.public


def test_a_key_that_others_may_read_or_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    open_key(path)
    path.chmod(0o640)
    with pytest.raises(StoreError, match="others may read the key that signs checkpoints; say chmod 600"):
        open_key(path)
    path.chmod(0o600)
    path.write_text("hello")
    with pytest.raises(StoreError, match="holds no key that signs checkpoints"):
        open_key(path)


def test_a_checkpoint_is_a_signed_note_that_others_read(memory: Store, folder: AuditFolder) -> None:
    store = AuditedStore(memory)
    fill(store)
    made = seal(store, folder)

    assert made is not None
    ((path, note),) = folder.notes()
    text, _, signature = note.partition(b"\n\n")
    lines = text.decode().split("\n")
    assert lines[0] == folder.key.name
    assert int(lines[1]) == made.size == int(path.stem)
    assert base64.b64decode(lines[2]) == made.root
    mark, name, value = signature.decode().strip().split(" ")
    assert (mark, name) == ("—", folder.key.name)
    _, number, text_of_key = folder.key.public.split("+", 2)
    public = base64.b64decode(text_of_key)
    assert base64.b64decode(value)[:4].hex() == number
    Ed25519PrivateKey.from_private_bytes(folder.key.seed).public_key().verify(base64.b64decode(value)[4:], text + b"\n")
    assert public[0] == 1
    assert (folder.folder / "public-key.txt").read_text().strip() == folder.key.public
    assert Checkpoint.read(text.decode() + "\n") == made


def test_without_new_rows_there_is_no_new_checkpoint_and_none_is_overwritten(
    memory: Store, folder: AuditFolder
) -> None:
    store = AuditedStore(memory)
    fill(store)
    made = seal(store, folder)
    assert made is not None
    before = folder.notes()

    assert seal(store, folder) is None
    assert not folder.keep(made)
    assert folder.notes() == before
    routed(store, "A-1")
    after = seal(store, folder)
    assert after is not None
    assert [point.size for point in folder.every()] == [made.size, after.size]


def test_a_row_is_proven_without_showing_the_others(memory: Store, folder: AuditFolder, tmp_path: Path) -> None:
    store = AuditedStore(memory)
    fill(store)
    for n in range(9):
        routed(store, f"A-{n}")
        seal(store, folder)
    path = tmp_path / "pack.zip"
    with store.reading() as books, path.open("wb") as file:
        log = audit_of(books)
        write_pack(file, log, folder, whole=False, about=log.audit_about(["A-3"], 10))

    wrong, seen = verify(str(path), folder.key.public)
    assert wrong == []
    assert "1 proofs of rows, 8 proofs between checkpoints" in seen[0]
    with zipfile.ZipFile(path) as pack:
        parts = {name: pack.read(name) for name in pack.namelist()}
    assert b"A-4" not in b"".join(text for name, text in parts.items() if name != "verify.py")

    told = json.loads(parts["proofs.json"])
    told["inclusion"][0]["line"] = told["inclusion"][0]["line"].replace("A-3", "A-7")
    with zipfile.ZipFile(path, "w") as pack:
        for name, text in (parts | {"proofs.json": json.dumps(told).encode()}).items():
            pack.writestr(name, text)
    wrong, _ = verify(str(path), folder.key.public)
    assert len(wrong) == 1
    assert "does not hold" in wrong[0]
