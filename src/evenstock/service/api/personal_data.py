"""Personal data for whoever answers for them: what is known of the person behind an order, handed over, held, forgotten; rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from evenstock.domain import OrderId
from evenstock.operations.access.actions import Action
from evenstock.operations.personal_data import holds, rules
from evenstock.operations.personal_data.erasing import StillNeededError, UnknownPersonError, erase_person
from evenstock.operations.personal_data.showing import export_person, orders_speaking_of, show_person
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.out import Out, Plain
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import said
from evenstock.service.http.strict import MaybeName, Name, Reason, Strict
from evenstock.storage.personal_upkeep import clear_traces

ROUTER = APIRouter(tags=["personal-data"], route_class=GuardedRoute)
Country = Annotated[
    str, StringConstraints(pattern=r"^([A-Z]{2}|\*)$"), Field(description="ISO 3166-1 alpha-2, or * for all others")
]


class SearchBody(Strict):
    text: Annotated[Name, Field(min_length=4, description="What the person is known by, such as an e-mail address")]


class BecauseBody(Strict):
    because: Reason


class RuleBody(Strict):
    orders_days: int | None = Field(None, ge=1, le=36_500, description="Forget so many days after the order was placed")
    only_in: MaybeName = Field("", description="Place that personal data must not leave, such as EU")
    because: MaybeName = ""


class PlaceBody(Strict):
    name: Annotated[str, StringConstraints(pattern=r"^\S{1,100}$")] = Field(
        description="In words of the company, such as EU"
    )


class FoundOut(Out):
    orders: list[str]
    events: list[str] = Field(description="Received events that belong to no order")


class PlaceRowsOut(Out):
    place: str
    rows: int


class TableRowsOut(Out):
    table: str
    rows: int


class BlankedOut(PlaceRowsOut):
    how: str


class CertificateOut(Out):
    """What was erased where, without a word of what it was."""

    order: str
    erased_at: str
    by: str
    because: str
    places: list[BlankedOut]
    tables: list[TableRowsOut] = Field(description="Imported tables that keep area and day alone")
    older_tables: int = Field(description="Past versions of these tables that were removed")
    remains: list[str] = Field(description="What could not be erased, and why")
    digest: str = Field(description="Of all the rest, as the audit log has it")


class ErasureOut(CertificateOut):
    traces: str = Field(description="What became of the database's files")


class ShownOut(Out):
    order: str
    country: str
    places: list[PlaceRowsOut]
    tables: list[TableRowsOut]
    held: str = Field(description="Why it is held; empty where it is not")
    erased: CertificateOut | None
    stays_because: str = Field(description="What stands against erasing it now; empty where nothing does")


class ExportOut(Out):
    """Everything that is kept, as it is kept."""

    order: str
    made_at: str
    erased: CertificateOut | None
    books: Plain = Field(description="By place: each with its id and content")
    tables: Plain = Field(description="Rows of imported tables, by table")
    nothing_found_in: list[str]
    not_searched: list[str]


class HoldOut(Out):
    order: str
    state: str = Field(description="`on` or `lifted`")
    by: str
    because: str
    at: str


class RuleOut(Out):
    country: str
    orders_days: int | None
    only_in: str
    by: str
    because: str


class RulesOut(Out):
    place: str = Field(description="Where these books lie; empty where nobody said")
    rules: list[RuleOut]
    broken: list[str] = Field(description="Rules that these books break by lying where they lie")


@ROUTER.post(
    "/personal-data/searches",
    summary="Orders of which a received event holds a text",
    responses={200: {"model": FoundOut, "description": "Ids alone"}},
)
@guarded(Action.PERSONAL_READ, Load.REPORT)
def search(body: SearchBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    """Asked by POST, so that what a person is known by stands in no address and no log. Reads every event that is kept."""
    return said(orders_speaking_of(service.store, body.text))


@ROUTER.get(
    "/personal-data/orders/{order}",
    summary="Where something is kept of an order's person, without saying what",
    responses={200: {"model": ShownOut, "description": "Places and rows"}},
)
@guarded(Action.PERSONAL_READ, Load.REPORT)
def shown(order: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    return said(_known(lambda: show_person(service.store, service.snapshots, OrderId(order))))


@ROUTER.get(
    "/personal-data/orders/{order}/export",
    summary="Everything that is kept of an order's person, to be handed to the person",
    responses={200: {"model": ExportOut, "description": "One document"}},
)
@guarded(Action.PERSONAL_READ, Load.REPORT)
def export(
    order: str,
    service: Annotated[Service, Depends(service_of)],
    to: Annotated[
        str, Query(max_length=100, description="Place it goes to, where a rule keeps personal data in one")
    ] = "",
) -> Response:
    now = service.clock()
    return said(_known(lambda: export_person(service.store, service.snapshots, OrderId(order), now, to=to)))


@ROUTER.post(
    "/personal-data/orders/{order}/erasures",
    summary="Forget the person behind an order, for ever",
    responses={
        200: {"model": ErasureOut, "description": "The certificate; the same one whenever it is asked for again"}
    },
)
@guarded(Action.PERSONAL_MANAGE, Load.REPORT)
def erase(
    request: Request, order: str, body: BecauseBody, service: Annotated[Service, Depends(service_of)]
) -> Response:
    """Refused while the order is open or a legal hold stands."""
    by, now = request.state.principal.id, service.clock()

    def work() -> dict[str, Any]:
        return erase_person(service.store, service.snapshots, OrderId(order), by, body.because, now).document()

    return said({**_known(work), "traces": clear_traces(service.store)})


@ROUTER.put(
    "/personal-data/orders/{order}/hold",
    summary="A legal hold: the order's person is not forgotten until it is lifted",
    responses={200: {"model": HoldOut, "description": "The hold; one that stands keeps its first reason"}},
)
@guarded(Action.PERSONAL_MANAGE, Load.CONSOLE)
def hold(request: Request, order: str, body: BecauseBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    return said(
        _hold(holds.hold(service.store, OrderId(order), request.state.principal.id, body.because, service.clock()))
    )


@ROUTER.delete(
    "/personal-data/orders/{order}/hold",
    summary="Lift a legal hold",
    responses={200: {"model": HoldOut, "description": "The hold as it was"}},
)
@guarded(Action.PERSONAL_MANAGE, Load.CONSOLE)
def lift(request: Request, order: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    try:
        found = holds.lift(service.store, OrderId(order), request.state.principal.id, service.clock())
    except holds.NotHeldError as error:
        raise Problem("not_found", str(error)) from None
    return said(_hold(found))


@ROUTER.get(
    "/personal-data/rules",
    summary="How long personal data are kept and where they stay, by country",
    responses={200: {"model": RulesOut, "description": "Every rule; without one nothing is forgotten by age"}},
)
@guarded(Action.PERSONAL_READ, Load.CONSOLE)
def listed(service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        every, here, broken = rules.rules(books), rules.place(books), rules.out_of_place(books)
    return said({"place": here, "rules": [one.document() for one in every.values()], "broken": broken})


@ROUTER.put(
    "/personal-data/rules/{country}",
    summary="Set a country's rule, in place of the one before",
    responses={200: {"model": RuleOut, "description": "The rule"}},
)
@guarded(Action.PERSONAL_MANAGE, Load.CONSOLE)
def set_rule(
    request: Request, country: Country, body: RuleBody, service: Annotated[Service, Depends(service_of)]
) -> Response:
    try:
        rule = rules.Rule(country, body.orders_days, body.only_in, request.state.principal.id, body.because)
    except ValueError as error:
        raise Problem("invalid_request", f"/orders_days: {error}", errors=[("/orders_days", str(error))]) from None
    rules.set_rule(service.store, rule, service.clock())
    return said(rule.document())


@ROUTER.delete(
    "/personal-data/rules/{country}",
    summary="Take a country's rule away",
    responses={200: {"model": RulesOut, "description": "The rules that are left"}},
)
@guarded(Action.PERSONAL_MANAGE, Load.CONSOLE)
def drop_rule(country: Country, service: Annotated[Service, Depends(service_of)]) -> Response:
    if not rules.drop_rule(service.store, country):
        raise Problem("not_found", f"{country} has no rule")
    found: Response = listed(service)
    return found


@ROUTER.put(
    "/personal-data/place",
    summary="Say where these books lie",
    responses={200: {"model": RulesOut, "description": "The rules, and which of them that breaks"}},
)
@guarded(Action.PERSONAL_MANAGE, Load.CONSOLE)
def set_place(request: Request, body: PlaceBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    rules.set_place(service.store, body.name, request.state.principal.id, service.clock())
    found: Response = listed(service)
    return found


def _known(asked: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return asked()
    except UnknownPersonError as error:
        raise Problem("not_found", str(error)) from None
    except StillNeededError as error:
        raise Problem("conflict", str(error)) from None
    except rules.LeavesError as error:
        raise Problem("refused", str(error)) from None


def _hold(found: Any) -> dict[str, Any]:
    return {name: found[name] for name in ("order", "state", "by", "because", "at")}
