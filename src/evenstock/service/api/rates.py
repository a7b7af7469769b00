"""Rates: how old they are, what they say of a parcel, new ones taken in, and where they come from."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from evenstock.connectors.files import Reading
from evenstock.connectors.files.packed import read_packed
from evenstock.domain import NodeId
from evenstock.operations.access.actions import Action
from evenstock.operations.company import Company
from evenstock.operations.ports import Store
from evenstock.operations.rates.age import Age, ages
from evenstock.operations.rates.import_rates import TAKEN, RatesImport, import_rates
from evenstock.operations.rates.in_force import imported_rates
from evenstock.operations.rates.quote_parcel import Parcel, document, quotes_of
from evenstock.operations.rates.refresh import due, sources
from evenstock.operations.rates.refusals import refusals, refused, standing
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.carriers import (
    AgesOut,
    ParcelBody,
    QuotesOut,
    RatesImportOut,
    RateSourcesOut,
    RefreshBody,
    RefusalsOut,
)
from evenstock.service.http.bulk import dicts
from evenstock.service.http.idempotent import IdempotencyKey, once
from evenstock.service.http.long_work import STARTED, start
from evenstock.service.http.parts import FILES_BODY, files_of, report_or_problem
from evenstock.service.http.problems import Problem
from evenstock.service.http.reading import SizedRequest
from evenstock.service.http.replies import page, said
from evenstock.service.http.scope import require_everywhere

ROUTER = APIRouter(tags=["rates"], route_class=GuardedRoute)
LARGEST = 64_000_000
_CHANGES = 50
_MOST_TOLD = 200


@ROUTER.get(
    "/rates/ages",
    summary="Age of every card, index and table, what a decision would use today, and what needs somebody",
    responses={200: {"model": AgesOut}},
)
@guarded(Action.RATES_READ, Load.CONSOLE)
def told(service: Annotated[Service, Depends(service_of)]) -> Response:
    here, now = service.company.get().company, service.clock()
    with service.store.reading() as books:
        rates, open_now = imported_rates(books, service.snapshots), standing(books, service.snapshots)
    found = ages(here.tables, now.date(), rates=rates, refusals=tuple(open_now))
    found += [
        Age(
            "source", one.name, at.date(), (now - at).days, None, one.name,
            f"{one.name}: new rates are there since {at:%Y-%m-%d %H:%M} UTC" + (f" (last try: {one.failed})" if one.failed else ""),
        )
        for one, at in due(sources(service.store, service.snapshots), now)
    ]  # fmt: skip
    items = [asdict(age) | {"attention": age.attention} for age in found]
    return said({"on": now.date(), "attention": sum(age.attention for age in found), "items": items, "next": None})


@ROUTER.get(
    "/rates/sources",
    summary="Where rates are fetched from, and what is due",
    responses={200: {"model": RateSourcesOut}},
)
@guarded(Action.RATES_READ, Load.CONSOLE)
def followed(service: Annotated[Service, Depends(service_of)]) -> Response:
    """Places are set on the machine (`evenstock rates source add`): who may call this must not choose what is read there."""
    every = sources(service.store, service.snapshots)
    waiting = {source.name: at for source, at in due(every, service.clock())}
    return page([asdict(one) | {"every": one.every.value, "due_since": waiting.get(one.name)} for one in every], None)


@ROUTER.post("/rates/refreshes", summary="Fetch the rates that are due", responses=dict(STARTED))
@guarded(Action.RATES_WRITE, Load.REBALANCE)
def refresh(
    request: Request, body: RefreshBody, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    require_everywhere(service, request, Action.RATES_WRITE, "rates")
    known = [one.name for one in sources(service.store, service.snapshots)]
    if body.source and body.source not in known:
        raise Problem("not_found", f"no source is named {body.source}; there is {', '.join(known) or 'none'}")
    return start(service, request, "rates", body.model_dump(), body)


@ROUTER.get(
    "/rates/refusals",
    summary="Rate files that were refused, and why",
    responses={200: {"model": RefusalsOut, "description": "Oldest first; `mended_at` tells when a good one came"}},
)
@guarded(Action.RATES_READ, Load.CONSOLE)
def refused_files(
    service: Annotated[Service, Depends(service_of)],
    standing_only: Annotated[bool, Query(alias="standing", description="Only those that nothing has mended")] = False,
) -> Response:
    with service.store.reading() as books:
        found = (standing if standing_only else refusals)(books, service.snapshots)
    return page([asdict(one) | {"sentence": one.sentence} for one in found], None)


@ROUTER.post(
    "/rates/quotes",
    summary="What every service takes for one parcel, term by term, and why some cannot take it",
    responses={200: {"model": QuotesOut, "description": "Cheapest first"}},
)
@guarded(Action.RATES_READ, Load.CONSOLE)
def quote(body: ParcelBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    day = body.on or service.clock().date()
    here = service.company.get().company if body.on is None else _on(service, day)
    if here.network.rates is None:
        raise Problem("refused", "no rate cards: import rate_cards and rates first")
    longest, second, third = sorted(body.sides_mm or [0, 0, 0], reverse=True)
    parcel = Parcel(
        _place(here, body.origin, "/origin"), _place(here, body.destination, "/destination"), body.weight_g,
        (longest, second, third), day, body.home, body.hazmat,
    )  # fmt: skip
    return said(document(parcel, *quotes_of(here.network.rates, parcel)))


@ROUTER.post(
    "/rates",
    summary="Take dated rate tables in beside those that serve",
    openapi_extra=FILES_BODY,
    responses={
        200: {"model": RatesImportOut, "description": "Taken in; what was there already changes nothing"},
        422: report_or_problem(RatesImportOut, "Refused, cell by cell or because a person must accept it; what served before still does"),
    },
)  # fmt: skip
@guarded(Action.RATES_WRITE, Load.REPORT, largest=LARGEST)
def take(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    source: Annotated[str, Query(min_length=1, max_length=200, description="Where they come from")] = "upload",
    accept: Annotated[str, Query(max_length=2_000, description="Why what is doubtful is right")] = "",
    replace: Annotated[
        list[str] | None, Query(max_length=10, description="A table without dates to replace whole, such as zones")
    ] = None,
    _key: IdempotencyKey = None,
) -> Response:
    """Files named as their tables. The same key with another value is refused unless it starts later."""
    require_everywhere(service, request, Action.RATES_WRITE, "rates")
    reading, now = read_packed(files_of(request), set(TAKEN)), service.clock()
    if reading.count:
        return said(_unread(service, reading, source, now), 422)
    if not reading.frames:
        raise Problem("invalid_request", f"there is no table of rates; there is {', '.join(TAKEN)}")
    by = request.state.principal.id
    # A refusal must be kept too, so it is no error here: 422 is answered from what was done.
    assert isinstance(request, SizedRequest)

    def work(store: Store) -> Response:
        try:
            done = import_rates(
                store, service.snapshots, reading.frames, source=source, now=now, by=by if accept else "",
                because=accept, replaced=frozenset(replace or ()),
            )  # fmt: skip
        except ValueError as wrong:
            raise Problem("refused", str(wrong)) from None
        return said(_taken(done, reading), 422 if done.refusal else 200)

    reply = once(request, service, request.sent, work, whole=True)
    service.company.look()
    return reply


def _unread(service: Service, reading: Reading, source: str, now: datetime) -> dict[str, Any]:
    """What cannot be read, kept as a refusal."""
    named = sorted({problem.file.split(".")[0] for problem in reading.problems})
    wrong = [str(problem) for problem in reading.problems[:_MOST_TOLD]]
    with service.store.transaction() as books:
        kept = refused(books, service.snapshots, source=source, tables=named, wrong=wrong, doubtful=(), now=now)
    return _report(reading) | {"refusal": kept.id, "wrong": wrong}


def _taken(done: RatesImport, reading: Reading) -> dict[str, Any]:
    return _report(reading) | {
        "taken": dict(done.rows),
        "snapshot": done.digest or None,
        "wrong": list(done.refusal.wrong) if done.refusal else [],
        "doubtful": [str(finding) for finding in done.checked.doubtful],
        "refusal": done.refusal.id if done.refusal else None,
        "changes": dicts(done.checked.changes.head(_CHANGES)),
        "notes": [*reading.notes, *done.notes],
    }


def _report(reading: Reading) -> dict[str, Any]:
    return {
        "taken": {}, "snapshot": None, "wrong": [], "doubtful": [], "refusal": None, "changes": [],
        "problems": [
            {"file": p.file, "row": p.row, "column": p.column, "value": p.value, "because": p.what, "fix": p.fix}
            for p in reading.problems[:_MOST_TOLD]
        ],
        "count": reading.count,
        "notes": list(reading.notes),
    }  # fmt: skip


def _place(here: Company, said_: str, pointer: str) -> str:
    """The postal code of a node, or the postal code itself. Raises Problem for what is neither."""
    node = here.network.nodes.get(NodeId(said_))
    if node is not None:
        return node.postal_code
    if not any(letter.isdigit() for letter in said_):
        because = f"{said_!r} is neither a postal code nor a node; nodes are {', '.join(map(str, here.network.nodes))}"
        raise Problem("not_found", because, errors=[(pointer, because)])
    return said_


def _on(service: Service, day: date) -> Company:
    return Company.load(service.store, service.snapshots, day)
