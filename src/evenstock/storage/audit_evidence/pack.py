"""An evidence pack: rows, checkpoints, proofs, the public key and the program that verifies them, in one file."""

from __future__ import annotations

import base64
import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, Final

from evenstock.domain.merkle import consistency_proof, inclusion_proof
from evenstock.operations.audit.checkpoint import AT_ONCE, Checkpoint
from evenstock.operations.audit.rows import NOTHING, STREAMS, AuditBooks, AuditRow
from evenstock.operations.ports import StoreError
from evenstock.storage.audit_folder import AuditFolder

VERIFIER: Final = Path(__file__).with_name("verify.py")
EVALUATOR: Final = Path(__file__).with_name("evaluate.py")
_README: Final = """\
What this pack holds, and how to check it without us and without a network: take verify.py and evaluate.py out and read them.
Python 3.11 or later is all they need.

1. Is the log whole?            python verify.py PACK --key KEY --checkpoints FOLDER
   KEY as you were told it by another way than this file; FOLDER of checkpoints that you kept yourself, if you have some.
2. Was what was done lawful?    python evaluate.py PACK
   Every action that was executed is judged again under the policy of its time, and its approvals are counted again.

rows/         every row of every stream (.txt), and the links of its chain (.links, 32 bytes a row)
checkpoints/  signed notes (C2SP signed-note, tlog-checkpoint); gaps/ and superseded/ where an older backup was restored
policies/     the wordings of policies, each named by the SHA-256 of its bytes, as rows name it
proofs.json   in a pack about one thing: that its rows are in the last checkpoint (RFC 9162)
"""
_NO_WORDINGS: Final[Mapping[str, bytes]] = {}


@dataclass(frozen=True)
class Leaves:
    """Every row's place in the tree, by the checkpoints that took it in."""

    links: list[bytes]
    places: dict[tuple[int, int], int]
    """Index of each row, by stream and number."""


def leaves(log: AuditBooks, checkpoints: Sequence[Checkpoint]) -> Leaves:
    """Raises StoreError where the books hold fewer rows than were signed."""
    links: list[bytes] = []
    places: dict[tuple[int, int], int] = {}
    done: dict[int, int] = {}
    for point in checkpoints:
        for head in point.heads:
            after = done.get(head.stream, 0)
            new = [link for some in _links(log, head.stream, after, head.number) for link in some]
            if len(new) != head.number - after:
                raise StoreError(
                    f"audit stream {head.stream}: rows after {after + len(new)} are missing, and the checkpoint of "
                    f"{point.size} rows counted {head.number}; `evenstock audit verify` says more"
                )
            places |= {(head.stream, after + k): len(links) + k - 1 for k in range(1, len(new) + 1)}
            links += new
            done[head.stream] = head.number
    return Leaves(links, places)


def write_pack(
    file: IO[bytes],
    log: AuditBooks,
    folder: AuditFolder,
    *,
    whole: bool = True,
    about: Sequence[AuditRow] = (),
    policies: Mapping[str, bytes] = _NO_WORDINGS,
) -> None:
    """Write a pack: the `whole` log, or only the rows `about` something with the proofs that they are in it.

    `log` is that of a reading, so that everything is as of one moment. Rows go through some at a time, however many there are.

    Parameters
    ----------
    policies
        Wordings by digest, as `wordings` has them.
    """
    notes, heads = folder.notes(), log.audit_heads()
    told: dict[str, Any] = {
        "format": "evenstock audit pack 1",
        "key": folder.key.public,
        "rows": whole,
        "streams": STREAMS,
        "heads": {str(head.stream): [head.number, _b64(head.link)] for head in heads},
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as pack:
        pack.writestr("pack.json", json.dumps(told, indent=1))
        pack.writestr("README.txt", _README)
        pack.writestr("verify.py", VERIFIER.read_text("utf-8"))
        pack.writestr("evaluate.py", EVALUATOR.read_text("utf-8"))
        for digest, said in sorted(policies.items()):
            pack.writestr(f"policies/{digest.removeprefix('sha256:')}.json", said)
        for path, note in notes:
            pack.writestr(f"checkpoints/{path.name}", note)
        for path, note in folder.gaps():
            pack.writestr(f"gaps/{path.name}", note)
        for path, note in folder.superseded():
            pack.writestr(f"superseded/{path.parent.name}/{path.name}", note)
        if about:
            pack.writestr("proofs.json", json.dumps(proofs(log, folder, about), indent=1, ensure_ascii=False))
        if whole:
            for stream in range(STREAMS):
                _write_stream(pack, log, stream)


def proofs(log: AuditBooks, folder: AuditFolder, about: Sequence[AuditRow]) -> dict[str, Any]:
    """That these rows are in the last checkpoint, and that each checkpoint holds the one before it.

    Rows that no checkpoint counts yet are left out.
    """
    points = folder.every()
    if not points:
        return {"inclusion": [], "consistency": []}
    tree = leaves(log, points)
    size = points[-1].size
    inside = [
        {
            "line": row.line.decode(),
            "previous": _b64(_previous(log, row)),
            "index": tree.places[row.stream, row.number],
            "size": size,
            "path": [_b64(step) for step in inclusion_proof(tree.links, tree.places[row.stream, row.number])],
        }
        for row in about
        if (row.stream, row.number) in tree.places
    ]
    extending = [
        {
            "from": first.size,
            "to": second.size,
            "path": [_b64(step) for step in consistency_proof(tree.links[: second.size], first.size)],
        }
        for first, second in pairwise(points)
    ]
    return {"inclusion": inside, "consistency": extending}


def _previous(log: AuditBooks, row: AuditRow) -> bytes:
    return log.audit_links(row.stream, row.number - 2, 1)[0] if row.number > 1 else NOTHING


def _write_stream(pack: zipfile.ZipFile, log: AuditBooks, stream: int) -> None:
    # Whatever the books hold goes in, what they should hold or not: the verifier is to see it.
    with pack.open(f"rows/{stream:02}.txt", "w", force_zip64=True) as file:
        for some in _some(lambda after: log.audit_rows(stream, after, AT_ONCE)):
            for row in some:
                file.write(row.line + b"\n")
    with pack.open(f"rows/{stream:02}.links", "w", force_zip64=True) as file:
        for links in _links(log, stream, 0, sys.maxsize):
            file.write(b"".join(links))


def _some(read: Callable[[int], list[AuditRow]]) -> Iterator[list[AuditRow]]:
    after = 0
    while found := read(after):
        yield found
        after = found[-1].number


def _links(log: AuditBooks, stream: int, after: int, until: int) -> Iterator[list[bytes]]:
    while after < until:
        found = log.audit_links(stream, after, min(AT_ONCE, until - after))
        if not found:
            return
        yield found
        after += len(found)


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
