"""Verifies an evidence pack of evenstock's audit log by itself: `python verify.py PACK [--key KEY] [--checkpoints FOLDER]`.

It needs Python's standard library alone and shares no code with the program that wrote the pack. What it checks:

- every row of every stream against its link: SHA-256 of a zero byte, the link before and the row's exact bytes;
- that rows are numbered without a gap, and that each stream ends where the books say it does;
- every checkpoint: its signature (Ed25519, C2SP signed-note), that its root is that of the tree (RFC 9162) over the rows it
  counts, and so that each checkpoint holds all of those before it;
- every proof: that a row is in a checkpoint, that one checkpoint extends another.

Checkpoints are worth what they are kept apart from the books: give those that you kept yourself by `--checkpoints`, and the key
that you were told by another way than this pack by `--key`. It ends with 0 where nothing is wrong, with 1 otherwise.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

SHA = hashlib.sha256
ZERO = bytes(32)
CHUNK = 1 << 18
"""Bytes of rows that are read at once."""
Point = tuple[int, int, int, int]


# --- Ed25519 (RFC 8032), verification only ----------------------------------------------------------------------------
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(a: Point, b: Point) -> Point:
    x, y = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    z, w = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = y - x, w - z, w + z, y + x
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    found: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = add(found, point)
        point, number = add(point, point), number >> 1
    return found


def point_of(text: bytes) -> Point | None:
    """The point that 32 bytes stand for; None where they stand for none."""
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point_of(binascii.unhexlify("58" + "66" * 31)) or (0, 1, 1, 0)


def ed25519_verifies(key: bytes, text: bytes, signature: bytes) -> bool:
    if len(key) != 32 or len(signature) != 64:
        return False
    a, r, s = point_of(key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= Q:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % Q
    left, right = times(s, BASE), add(r, times(k, a))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


# --- trees (RFC 9162, section 2.1) ------------------------------------------------------------------------------------
class Tree:
    """Grows by many leaves at once; keeps one node a level."""

    def __init__(self) -> None:
        self.left: dict[int, bytes] = {}

    def extend(self, leaves: bytes) -> None:
        """Leaves, and the nodes of each level, are 32 bytes each and stand end to end."""
        nodes, level = leaves, 0
        while nodes:
            if level in self.left:
                nodes = self.left.pop(level) + nodes
            if len(nodes) & 32:
                nodes, self.left[level] = nodes[:-32], nodes[-32:]
            nodes = b"".join([SHA(b"\1" + pair).digest() for (pair,) in struct.iter_unpack("64s", nodes)])
            level += 1

    def root(self) -> bytes:
        found = None
        for level in sorted(self.left):
            found = self.left[level] if found is None else SHA(b"\1" + self.left[level] + found).digest()
        return found or SHA(b"").digest()


def climbed(here: int, last: int, start: bytes, path: list[bytes]) -> tuple[bytes, bytes] | None:
    """Roots of the smaller and of the larger tree that a path of either proof leads to; None where it is too long or short."""
    before = after = start
    for other in path:
        if not last:
            return None
        if here & 1 or here == last:
            before, after = SHA(b"\1" + other + before).digest(), SHA(b"\1" + other + after).digest()
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            after = SHA(b"\1" + after + other).digest()
        here, last = here >> 1, last >> 1
    return None if last else (before, after)


def included(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2."""
    found = climbed(index, size - 1, leaf, path) if 0 <= index < size else None
    return found is not None and found[1] == root


def extends(first: int, second: int, first_root: bytes, second_root: bytes, path: list[bytes]) -> bool:
    """RFC 9162, 2.1.4.2."""
    if first == second or not first:
        return not path and first <= second and (first_root == second_root or not first)
    path = ([first_root] if first & (first - 1) == 0 else []) + list(path)
    if first > second or not path:
        return False
    here, last = first - 1, second - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    return climbed(here, last, path[0], path[1:]) == (first_root, second_root)


# --- checkpoints (C2SP signed-note, tlog-checkpoint) ------------------------------------------------------------------
class Checkpoint:
    """A signed note: origin, size, root, a line for each stream; `wrong` says what is wrong with it, if anything."""

    def __init__(self, text: bytes, key: str) -> None:
        self.origin, self.size, self.root = "", -1, b""
        self.heads: dict[int, tuple[int, bytes]] = {}
        body, self.wrong = opened(text, key)
        try:
            lines = body.decode().split("\n")
            self.origin, self.size, self.root = lines[0], int(lines[1]), base64.b64decode(lines[2])
            for line in lines[3:]:
                words = line.split(" ")
                if words[0] == "stream":
                    self.heads[int(words[1])] = (int(words[2]), base64.b64decode(words[3]))
        except (ValueError, IndexError):
            self.wrong = "it is no checkpoint"
            return
        if not self.wrong and self.size != sum(count for count, _ in self.heads.values()):
            self.wrong = "its size is not the sum of its streams"


def opened(text: bytes, key: str) -> tuple[bytes, str]:
    """The body of a signed note, and what is wrong with its signature, if anything."""
    body, _, signatures = text.rpartition(b"\n\n")
    name, number, public = key.strip().split("+", 2)
    for line in signatures.decode("utf-8", "replace").split("\n"):
        words = line.split(" ")
        if len(words) == 3 and words[:2] == ["\u2014", name]:
            try:
                value = base64.b64decode(words[2])
            except ValueError:
                continue
            right = value[:4] == binascii.unhexlify(number)
            if right and ed25519_verifies(base64.b64decode(public)[1:], body + b"\n", value[4:]):
                return body, ""
    return body, f"it is not signed by {name}, or was changed since"


def gaps_of(pack: zipfile.ZipFile, key: str, wrong: list[str], seen: list[str]) -> set[tuple[int, bytes]]:
    """Size and root of every checkpoint that no longer holds, as signed notes say, because the books went back to an older state."""
    found: set[tuple[int, bytes]] = set()
    for name in pack.namelist():
        if not name.endswith(".gap"):
            continue
        body, unsigned = opened(pack.read(name), key)
        if unsigned:
            wrong.append(f"{name}: {unsigned}")
            continue
        lines = [line.partition(" ")[::2] for line in body.decode("utf-8", "replace").split("\n")[2:]]
        gone = [rest.partition(" ")[::2] for word, rest in lines if word == "superseded"]
        found |= {(int(size), base64.b64decode(root)) for size, root in gone}
        said = dict(lines)
        seen.append(
            f"GAP, acknowledged at {said.get('at')} by {said.get('by')}: the books went back to an older state; "
            f"{len(gone)} checkpoints after the one of {said.get('holds')} rows no longer hold, and "
            f"{said.get('missing')} rows that the last of them counted are missing: {said.get('because')}"
        )
    return found


# --- rows -------------------------------------------------------------------------------------------------------------
def read_rows(file: IO[bytes]) -> Iterator[list[bytes]]:
    """Rows of a stream, some hundred at a time: what a processor has at hand, of a log of any length."""
    rest = b""
    while block := file.read(CHUNK):
        *lines, rest = (rest + block).split(b"\n")
        if lines:
            yield lines


def check_stream(number: int, file: IO[bytes], links: bytes, wrong: list[str]) -> None:
    """Says which rows of a stream do not follow from those before them; `links` are theirs, as stored."""
    count, last = 0, 0
    before = ZERO
    for lines in read_rows(file):
        stored = [links[k : k + 32] for k in range(32 * count, 32 * (count + len(lines)), 32)]
        computed = [SHA(b"\0" + link + line).digest() for link, line in zip([before, *stored], lines, strict=False)]
        due = [b"%d %d " % (number, k) for k in range(count + 1, count + len(lines) + 1)]
        if computed == stored and all(map(bytes.startswith, lines, due)):
            last = count + len(lines)
        else:
            last = check_each(number, last, list(zip(lines, computed, stored, strict=True)), wrong)
        count += len(lines)
        before = stored[-1] if stored else before
    if 32 * count != len(links):
        wrong.append(f"stream {number}: {count} rows, but {len(links) / 32:g} links")


def check_each(number: int, last: int, rows: list[tuple[bytes, bytes, bytes]], wrong: list[str]) -> int:
    """Says in words what is wrong with rows after row `last`, each with its link computed and stored; returns the last one."""
    for line, computed, stored in rows:
        words = line.split(b" ", 2)
        said = [int(word) if word.isdigit() else -1 for word in words[:2]]
        here = said[1] if len(said) == 2 else -1
        if said[:1] != [number] or here < 1:
            wrong.append(f"stream {number}, after row {last}: a row that says it is {b' '.join(words[:2])!r}")
        elif here == last + 2:
            wrong.append(f"stream {number}: row {last + 1} is missing: it was deleted")
        elif here > last + 2:
            wrong.append(f"stream {number}: rows {last + 1} to {here - 1} are missing: they were deleted")
        elif here != last + 1:
            wrong.append(f"stream {number}: row {here} stands after row {last}: rows were put in another order")
        elif computed != stored:
            wrong.append(
                f"stream {number}, row {here}: it is not what was written: its bytes and its link do not match"
            )
        last = here
    return last


def rows_and_heads(pack: zipfile.ZipFile, told: dict[str, Any], wrong: list[str]) -> dict[int, bytes]:
    """Links of every stream, end to end; held against where the books say that each ends."""
    streams = {}
    for number in range(told["streams"]):
        streams[number] = links = pack.read(f"rows/{number:02}.links")
        with pack.open(f"rows/{number:02}.txt") as file:
            check_stream(number, file, links, wrong)
    for name, (count, link) in told["heads"].items():
        stored = streams.get(int(name), b"")
        if len(stored) != 32 * count or (stored[-32:] or ZERO) != base64.b64decode(link):
            wrong.append(
                f"stream {name}: the books say it ends with row {count}, and it does not: there are {len(stored) // 32}"
            )
    return streams


def tree_over(streams: dict[int, bytes], checkpoints: list[Checkpoint], wrong: list[str]) -> None:
    """Each checkpoint against the rows, in order of size: so each is held to those before it, too."""
    tree, done = Tree(), dict.fromkeys(streams, 0)
    for point in checkpoints:
        short = False
        for number, (count, link) in sorted(point.heads.items()):
            stored = streams.get(number, b"")
            have = len(stored) // 32
            if count < done.get(number, 0):
                wrong.append(f"checkpoint {point.size}, stream {number}: it counts fewer rows than the one before it")
                short = True
            elif have < count:
                gone = f"rows {have + 1} to {count} are gone" if count > have + 1 else f"row {count} is gone"
                wrong.append(
                    f"checkpoint {point.size}, stream {number}: {gone}; they were cut off, or an older backup was restored"
                )
                short = True
            elif count and stored[32 * count - 32 : 32 * count] != link:
                wrong.append(
                    f"checkpoint {point.size}, stream {number}: row {count} is not the one that was signed: it, or rows "
                    "before it, were written anew"
                )
        if short:
            return
        for number, (count, _) in sorted(point.heads.items()):
            for first in range(32 * done[number], 32 * count, CHUNK):
                tree.extend(streams[number][first : min(first + CHUNK, 32 * count)])
            done[number] = count
        if tree.root() != point.root:
            wrong.append(
                f"checkpoint {point.size}: its root is not that of the rows: rows at or before it were written anew"
            )


# --- all of it --------------------------------------------------------------------------------------------------------
def proofs_of(pack: zipfile.ZipFile, checkpoints: list[Checkpoint], wrong: list[str]) -> tuple[int, int]:
    """Proofs that came along; returns how many."""
    found = json.loads(pack.read("proofs.json")) if "proofs.json" in pack.namelist() else {}
    by_size = {point.size: point for point in checkpoints}
    for one in found.get("inclusion", []):
        point, path = by_size.get(one["size"]), [base64.b64decode(step) for step in one["path"]]
        leaf = SHA(b"\0" + base64.b64decode(one["previous"]) + one["line"].encode()).digest()
        if point is None or not included(leaf, one["index"], one["size"], path, point.root):
            wrong.append(f"the proof that `{one['line'][:40]}...` is in checkpoint {one['size']} does not hold")
    for one in found.get("consistency", []):
        first, second = by_size.get(one["from"]), by_size.get(one["to"])
        path = [base64.b64decode(step) for step in one["path"]]
        if not first or not second or not extends(first.size, second.size, first.root, second.root, path):
            wrong.append(f"the proof that checkpoint {one['to']} holds all of checkpoint {one['from']} does not hold")
    return len(found.get("inclusion", [])), len(found.get("consistency", []))


def checkpoints_of(
    pack: zipfile.ZipFile, key: str, folder: str | None, wrong: list[str], gone: set[tuple[int, bytes]]
) -> list[Checkpoint]:
    """Those of the pack and those that were kept elsewhere, by size, without those that a note of a gap names."""
    texts = {name: pack.read(name) for name in pack.namelist() if name.endswith(".checkpoint")}
    if folder is not None:
        texts |= {str(path): path.read_bytes() for path in sorted(Path(folder).glob("*.checkpoint"))}
    found: list[Checkpoint] = []
    by_size: dict[int, Checkpoint] = {}
    for name, text in texts.items():
        point = Checkpoint(text, key)
        if point.wrong:
            wrong.append(f"{name}: {point.wrong}")
        elif (point.size, point.root) in gone:
            continue
        elif point.size not in by_size:
            by_size[point.size] = point
            found.append(point)
        elif by_size[point.size].root != point.root:
            wrong.append(f"two checkpoints of size {point.size} have different roots: somebody signed two histories")
    if len({point.origin for point in found}) > 1:
        wrong.append("the checkpoints are of different logs")
    return sorted(found, key=lambda point: point.size)


def verify(
    pack_file: str | IO[bytes], key: str | None = None, folder: str | None = None
) -> tuple[list[str], list[str]]:
    """What is wrong, and what was looked at, in sentences."""
    wrong, seen = list[str](), list[str]()
    with zipfile.ZipFile(pack_file) as pack:
        told = json.loads(pack.read("pack.json"))
        if key is None:
            seen.append(
                "the key is the pack's own: whoever could write the pack could bring his own; give yours by --key"
            )
        gone = gaps_of(pack, key or told["key"], wrong, seen)
        points = checkpoints_of(pack, key or told["key"], folder, wrong, gone)
        count = 0
        if told["rows"]:
            streams = rows_and_heads(pack, told, wrong)
            count = sum(map(len, streams.values())) // 32
            tree_over(streams, points, wrong)
        inside, extended = proofs_of(pack, points, wrong)
    sealed = points[-1].size if points else 0
    seen.append(
        f"{count} rows, {len(points)} checkpoints, {inside} proofs of rows, {extended} proofs between checkpoints"
    )
    if not points:
        seen.append("no checkpoint: rows that were cut off or all written anew cannot be told from what was always so")
    elif count > sealed:
        seen.append(f"{count - sealed} rows are newer than the last checkpoint: for these the chains alone speak")
    return wrong, seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pack")
    parser.add_argument("--key", help="the public key, as you were told it")
    parser.add_argument("--checkpoints", help="a folder of checkpoints that you kept yourself")
    asked = parser.parse_args()
    try:
        wrong, seen = verify(asked.pack, asked.key, asked.checkpoints)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as trouble:
        sys.exit(f"{asked.pack} cannot be read as an evidence pack: {trouble}")
    print("\n".join(seen))  # noqa: T201
    print("\n".join(f"WRONG: {one}" for one in wrong) if wrong else "nothing is wrong")  # noqa: T201
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
