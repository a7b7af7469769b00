"""The rules: read as text and as a table, checked, tried on past orders, proposed, put in force, taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from evenstock import policy as kinds
from evenstock.domain import ActionKind, NodeId, Policy, Refuse, rfc3339
from evenstock.operations.access.actions import Action
from evenstock.operations.autonomy.evidence import simulated_told
from evenstock.operations.dry_run_rules import dry_run, past_orders
from evenstock.operations.network import policy_from_frames
from evenstock.operations.ports import Store, StoreError
from evenstock.operations.rulebook import (
    Version,
    activate_rules,
    check_rules,
    compile_with,
    history,
    network_frames,
    proposals,
    propose_rules,
    recent_sample,
    roll_back_rules,
    rules_in_force,
    version_of,
)
from evenstock.operations.rulebook_effective import UnknownNodeError, effective_rules, effective_told
from evenstock.operations.rulebook_told import deed_told, pattern, text_form, version_told
from evenstock.policy import text
from evenstock.policy.autonomy import Place
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.rules import (
    ActivatedOut,
    CheckedOut,
    DeedOut,
    DeedsOut,
    DryRunOut,
    EffectiveOut,
    KindsOut,
    RulesBody,
    RulesOut,
    SuggestionsOut,
    VersionsOut,
    checked_out,
    rules_out,
)
from evenstock.service.http.idempotent import IdempotencyKey, IfMatch, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import etag, from_cursor, match, page, said, tagged
from evenstock.service.http.scope import require_everywhere
from evenstock.service.http.strict import Name, Reason, Strict
from evenstock.simulation.mining import chosen_in_queue, mine
from evenstock.simulation.replay.from_books import queue_answers

ROUTER = APIRouter(tags=["rules"], route_class=GuardedRoute)
MOST_TRIED: Final = 500
"""Past orders in one request."""
Limit = Annotated[int, Query(ge=1, le=1_000, description="Most items of a page")]
Cursor = Annotated[str | None, Query(max_length=2_000, description="`next` of the page before")]
Tried = Annotated[int, Field(ge=0, le=MOST_TRIED, description="Past orders they are tried on")]


Asked = Annotated[str | None, Query(max_length=200, description="Of the place asked about")]


class ProposalBody(RulesBody):
    because: Reason


class CheckBody(RulesBody):
    orders: Tried = 0


class DryRunBody(Strict):
    orders: Tried = 200


class ActivationBody(Strict):
    version: Name = Field(description="Its id, or how it begins")
    because: Reason
    force: bool = Field(default=False, description="Although its law contradicts itself; it stays on record")


class TakeBackBody(Strict):
    because: Reason


@ROUTER.get(
    "/rules",
    summary="The rules in force",
    responses={200: {"model": RulesOut, "description": "As text and as a table"}},
)
@guarded(Action.RULES_READ, Load.CONSOLE)
def read(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    return tagged(request, _in_force(service, service.store))


@ROUTER.get(
    "/rules/kinds",
    summary="How rules are written: the form, every kind with what it takes, and the conditions",
    responses={200: {"model": KindsOut, "description": "The language of rules"}},
)
@guarded(Action.RULES_READ, Load.CONSOLE)
def kinds_of_rules(request: Request) -> Response:
    items = [
        {
            "name": kind.name,
            "about": kind.about,
            "pattern": pattern(kind),
            "law": "always" if kind.always_law else "never" if kind.never_law else "either",
        }
        for kind in kinds.describe()
    ]
    return tagged(request, {"form": text_form(), "items": items, "next": None})


@ROUTER.get(
    "/rules/versions",
    summary="Every version ever proposed, oldest first",
    responses={200: {"model": VersionsOut, "description": "A page"}},
)
@guarded(Action.RULES_READ, Load.CONSOLE)
def versions(service: Annotated[Service, Depends(service_of)], limit: Limit = 100, cursor: Cursor = None) -> Response:
    found = proposals(service.store, service.snapshots)
    begin = _after([version.id for version in found], cursor)
    shown = found[begin : begin + limit]
    return page([version_told(v) for v in shown], shown[-1].id if begin + limit < len(found) else None)


@ROUTER.get(
    "/rules/versions/{version}",
    summary="One version",
    responses={200: {"model": RulesOut, "description": "As text and as a table"}},
)
@guarded(Action.RULES_READ, Load.CONSOLE)
def version(request: Request, version: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    return tagged(request, _shown(_version(service, service.store, version)))


@ROUTER.get(
    "/rules/history",
    summary="What was put in force when, by whom and why, oldest first",
    responses={200: {"model": DeedsOut, "description": "A page"}},
)
@guarded(Action.RULES_READ, Load.CONSOLE)
def deeds(service: Annotated[Service, Depends(service_of)], limit: Limit = 100, cursor: Cursor = None) -> Response:
    found = history(service.store, service.snapshots)
    begin = _after([str(n) for n in range(len(found))], cursor)
    shown = [deed_told(deed) for deed in found[begin : begin + limit]]
    return page(shown, str(begin + limit - 1) if begin + limit < len(found) else None)


@ROUTER.get(
    "/rules/effective",
    summary="Who may act alone at a place: the lines that count there, with where each comes from",
    responses={200: {"model": EffectiveOut, "description": "Those that decide first stand first"}},
)
@guarded(Action.RULES_READ, Load.CONSOLE)
def effective(
    service: Annotated[Service, Depends(service_of)],
    node: Asked = None,
    channel: Asked = None,
    category: Asked = None,
    region: Annotated[
        str | None, Query(max_length=200, description="A region or country, where no node is named")
    ] = None,
    action: Annotated[ActionKind | None, Query(description="One action; without it, all")] = None,
) -> Response:
    """What none of the lines lets happen by itself, a person decides."""
    if node is not None and region is not None:
        because = "a node lies in its regions already; give node or region"
        raise Problem("invalid_request", because, errors=[("query region", because)])
    place = Place(NodeId(node) if node is not None else None, channel, category, region)
    try:
        found = effective_rules(service.store, service.snapshots, place, service.clock().date(), action)
    except UnknownNodeError as none:
        raise Problem("not_found", str(none)) from None
    return said(effective_told(found, place))


@ROUTER.get(
    "/rules/suggestions",
    summary="Rules that people seem to follow in the queue, unwritten",
    responses={200: {"model": SuggestionsOut, "description": "Those with most surprises first"}},
)
@guarded(Action.RULES_READ, Load.REPORT)
def suggestions(service: Annotated[Service, Depends(service_of)]) -> Response:
    """Mined from what people answered. What following one would cost is told by `evenstock replay --mine`."""
    items = service.company.get().company.network.items
    found = mine(chosen_in_queue(queue_answers(service.store)), items, held_out=0.0)
    shown = [
        {
            "rule": one.rule.id,
            "sentence": one.sentence,
            "text": text.write(Policy("proposed", (one.rule,))),
            "exceptions": list(one.exceptions),
        }
        for one in found
    ]
    return said({"items": shown, "next": None})


@ROUTER.post(
    "/rules/checks",
    summary="Whether rules can be used here, and what is wrong with them; nothing is kept",
    responses={200: {"model": CheckedOut, "description": "Contradictions, gaps, and rules that change nothing"}},
)
@guarded(Action.RULES_READ, Load.REPORT)
def check(body: CheckBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    said_of = body.said()
    meant = text.parse(said_of) if isinstance(said_of, str) else said_of
    now = service.clock()
    sample = recent_sample(service.store, service.snapshots, now, body.orders) if body.orders else []
    checked = check_rules(meant, network_frames(service.store, service.snapshots), now.date(), sample)
    return said(checked_out(checked, len(sample)))


@ROUTER.post(
    "/rules/versions",
    status_code=201,
    summary="Keep rules as a version, without putting them in force",
    responses={201: {"model": RulesOut, "description": "The version; the same words are the version they were before"}},
)
@guarded(Action.RULES_PROPOSE, Load.CONSOLE)
def propose(
    request: Request,
    body: ProposalBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    require_everywhere(service, request, Action.RULES_PROPOSE, "a version of the rules")
    meant, by, now = body.said(), request.state.principal.id, service.clock()

    def work(store: Store) -> Response:
        try:
            kept = propose_rules(store, service.snapshots, meant, by=by, because=body.because, now=now)
        except ValueError as error:
            raise Problem("refused", str(error)) from None
        return said(_shown(kept), 201, {"Location": f"/v1/rules/versions/{kept.id}"})

    return once(request, service, body, work)


@ROUTER.post(
    "/rules/versions/{version}/dry-runs",
    summary="What a version would have done with past orders, beside the rules in force; nothing is kept",
    responses={200: {"model": DryRunOut, "description": "The two side by side, over the stock and prices of now"}},
)
@guarded(Action.RULES_READ, Load.REPORT)
def try_on_orders(version: str, body: DryRunBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    found = _version(service, service.store, version)
    here = service.company.get()
    try:
        other = compile_with(found.policy, network_frames(service.store, service.snapshots))
    except ValueError as error:
        raise Problem("refused", f"version {found.id} cannot be used with today's network: {error}") from None
    orders = past_orders(service.store, service.snapshots, body.orders) if body.orders else []
    return said(asdict(dry_run(service.store, here.shipping, orders, here.policy, other, service.clock())))


@ROUTER.post(
    "/rules/activations",
    summary="Put a version in force from now on",
    responses={200: {"model": ActivatedOut, "description": "What was found in it, and the deed"}},
)
@guarded(Action.RULES_ACTIVATE, Load.CONSOLE)
def activate(
    request: Request,
    body: ActivationBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """`If-Match` takes the ETag of the rules in force. Refused where they cannot be used, or their law contradicts itself."""
    by, now = request.state.principal.id, service.clock()

    def work(store: Store) -> Response:
        found = _version(service, store, body.version)
        done = activate_rules(
            store, service.snapshots, found.id, by=by, because=body.because, now=now, force=body.force
        )
        if done.activation is None:
            assert isinstance(done.checked.verdict, Refuse)
            faults = [("", finding.sentence) for finding in done.checked.findings]
            raise Problem("refused", done.checked.verdict.because, errors=faults)
        tried = simulated_told(done.simulated) if done.simulated is not None else None
        return said(checked_out(done.checked, 0) | {"activation": deed_told(done.activation), "simulated": tried})

    return _changed(request, service, body, work)


@ROUTER.post(
    "/rules/roll-backs",
    summary="Return to the rules before these, in one step; in the end to the imported table",
    responses={200: {"model": DeedOut, "description": "The deed"}},
)
@guarded(Action.RULES_ACTIVATE, Load.CONSOLE)
def take_back(
    request: Request,
    body: TakeBackBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    by, now = request.state.principal.id, service.clock()
    return _changed(
        request, service, body,
        lambda store: said(deed_told(roll_back_rules(store, service.snapshots, by=by, because=body.because, now=now))),
    )  # fmt: skip


def _changed(request: Request, service: Service, body: Strict, work: Callable[[Store], Response]) -> Response:
    """Change what is in force, if it is what the caller saw; decisions heed it at once."""
    require_everywhere(service, request, Action.RULES_ACTIVATE, "which rules are in force")

    def seen(store: Store) -> Response:
        match(request, _in_force(service, store))
        reply = work(store)
        reply.headers["ETag"] = etag(_in_force(service, store))
        return reply

    reply = once(request, service, body, seen, whole=True)
    service.company.look()
    return reply


def _in_force(service: Service, store: Store) -> dict[str, Any]:
    with store.reading() as books:
        found = rules_in_force(books, service.snapshots)
    if found is not None:
        return _shown(found)
    policy = policy_from_frames(network_frames(store, service.snapshots))
    return {
        "version": None, "by": None, "because": None, "at": None, "text": text.write(policy), "rules": rules_out(policy),
        "digest": policy.digest(),
    }  # fmt: skip


def _shown(found: Version) -> dict[str, Any]:
    return {
        "version": found.id,
        "by": found.by,
        "because": found.because,
        "at": rfc3339(found.at),
        "text": found.text,
        "rules": rules_out(found.policy),
        "digest": found.policy.digest(),
    }


def _version(service: Service, store: Store, name: str) -> Version:
    try:
        return version_of(store, service.snapshots, name)
    except StoreError as none:
        raise Problem("not_found", str(none)) from None


def _after(names: list[str], cursor: str | None) -> int:
    """Where a list goes on."""
    after = from_cursor(cursor)
    if not after:
        return 0
    if after not in names:
        raise Problem("not_found", f"cursor: there is no {after} in this list")
    return names.index(after) + 1
