"""A whole network taken in: every problem told by file, row and column, and nothing half imported."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import Field
from starlette.responses import Response

from evenstock.connectors.files import Reading
from evenstock.connectors.files.packed import read_packed
from evenstock.operations.access.actions import Action
from evenstock.operations.import_network import Imported, import_network
from evenstock.operations.ports import Store
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.out import Digest, Out
from evenstock.service.http.bodies.runs import RunOut
from evenstock.service.http.idempotent import IdempotencyKey, once
from evenstock.service.http.long_work import start
from evenstock.service.http.parts import FILES_BODY, files_of, report_or_problem
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import said
from evenstock.service.http.scope import require_everywhere

ROUTER = APIRouter(tags=["imports"], route_class=GuardedRoute)
LARGEST: Final = 64_000_000
"""Bytes of one request; more tables, or larger ones, are imported from a folder on the machine."""
_LISTED: Final = 1_000


class CellProblemOut(Out):
    """One refused cell, row or file."""

    file: str
    row: int | None = Field(description="As a person sees it: the line of a text file, whose header is line 1")
    column: str
    value: str = Field(description="As it came, shortened")
    because: str
    fix: str


class ImportReportOut(Out):
    """What was found wrong, and what was taken in where nothing was."""

    imported: bool
    problems: list[CellProblemOut] = Field(description="The first 20 of each kind in each column")
    count: int = Field(description="All problems, listed or not")
    more: list[str] = Field(description="How many of which kind are not listed")
    rows: dict[str, int] = Field(description="Rows by table; empty where something is wrong")
    snapshots: dict[str, Digest]
    changed: list[str] = Field(description="What means something else now; empty where the same tables came again")
    opened_movements: int
    counted: dict[str, int] | None = Field(description="Units that a later stock file found, missed and owes")
    kept: list[str] = Field(description="Tables imported before that these do not speak of, and that stay")
    notes: list[str]


@ROUTER.post(
    "/network",
    summary="Import a network: files named as their tables, checked whole",
    openapi_extra=FILES_BODY,
    responses={
        200: {"model": ImportReportOut, "description": "Taken in, or, asked to `check`, found to be fine"},
        202: {"model": RunOut, "description": "Checked and fine; a run takes it in (`Prefer: respond-async`)"},
        422: report_or_problem(ImportReportOut, "Every problem by file, row and column; nothing was imported"),
    },
)
@guarded(Action.NETWORK_IMPORT, Load.REPORT, largest=LARGEST)
def take(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    check: Annotated[bool, Query(description="Only say what is wrong")] = False,
    prefer: Annotated[str | None, Header(max_length=200, description="`respond-async` for a large network")] = None,
    _key: IdempotencyKey = None,
) -> Response:
    """CSV, TSV, Parquet, XLSX, lines of JSON or Arrow, one file a table, at least nodes, items and stock.

    The same tables again change nothing. The first stock file opens the books; a later one is a count.
    """
    require_everywhere(service, request, Action.NETWORK_IMPORT, "the network")
    reading = read_packed(files_of(request))
    if reading.count:
        return said(_report(reading, None), 422)
    if check:
        return said(_report(reading, None))
    if prefer is not None and "respond-async" in prefer.lower():
        snapshot = service.snapshots.take(reading.frames)
        return start(service, request, "import", {"snapshot": snapshot}, request.sent)  # type: ignore[attr-defined]

    def work(store: Store) -> Response:
        try:
            done = import_network(store, service.snapshots, reading.frames, service.clock())
        except ValueError as wrong:
            raise Problem("refused", f"{wrong}; nothing was imported") from None
        return said(_report(reading, done))

    reply = once(request, service, request.sent, work, whole=True)  # type: ignore[attr-defined]
    service.company.look()
    return reply


def _report(reading: Reading, done: Imported | None) -> dict[str, Any]:
    counted = done.counted if done else None
    return {
        "imported": done is not None,
        "problems": [
            {"file": p.file, "row": p.row, "column": p.column, "value": p.value, "because": p.what, "fix": p.fix}
            for p in reading.problems[:_LISTED]
        ],
        "count": reading.count,
        "more": list(reading.more),
        "rows": {name: frame.height for name, frame in reading.frames.items()},
        "snapshots": dict(done.snapshots) if done else {},
        "changed": list(done.changed) if done else [],
        "opened_movements": done.opened if done else 0,
        "counted": {"gained": counted.gained, "lost": counted.lost, "short": counted.short} if counted else None,
        "kept": list(done.kept) if done else [],
        "notes": [*reading.notes, *(done.notes if done else ())],
    }
