"""How far software may go, and the stop: stages by scope, halts, and changes tried on past orders first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic_core import from_json
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.operations.autonomy.evidence import simulated, simulated_told
from evenstock.operations.autonomy.halting import (
    NotHaltedError,
    begin_halt,
    halts_in_force,
    kept_halt,
    past_halts,
    resume,
    scope_of,
    settle,
)
from evenstock.operations.autonomy.keeping import stage_history, stages_in_force, version_in_force
from evenstock.operations.autonomy.roll_back_stages import roll_back_stages
from evenstock.operations.autonomy.set_stage import ask_for_evidence, end_stage, set_stage
from evenstock.operations.autonomy.told import halt_told, line_of, past_halt_told, stages_told, version_told
from evenstock.operations.ports import Store
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.autonomy import (
    BackBody,
    EndBody,
    EvidenceBody,
    HaltBody,
    HaltedOut,
    HaltOut,
    HaltsOut,
    ScopeBody,
    SimulatedOut,
    SimulationBody,
    StageBody,
    StagesHistoryOut,
    StagesOut,
    asked_of,
)
from evenstock.service.http.idempotent import IdempotencyKey, IfMatch, once
from evenstock.service.http.long_work import STARTED, start
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import etag, from_cursor, match, page, said, tagged
from evenstock.service.http.scope import require_everywhere
from evenstock.service.http.strict import Strict

ROUTER = APIRouter(tags=["autonomy"], route_class=GuardedRoute)
Limit = Annotated[int, Query(ge=1, le=1_000, description="Most items of a page")]
Cursor = Annotated[str | None, Query(max_length=2_000, description="`next` of the page before")]
_STAGES: Final[dict[int | str, dict[str, Any]]] = {200: {"model": StagesOut, "description": "The stages in force"}}


@ROUTER.get("/autonomy/stages", summary="How far software may go, by scope, and what is halted", responses=_STAGES)
@guarded(Action.RULES_READ, Load.CONSOLE)
def read(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    return tagged(request, _in_force(service, service.store))


@ROUTER.get(
    "/autonomy/stages/history",
    summary="Every version of the stages that came into force, oldest first",
    responses={200: {"model": StagesHistoryOut, "description": "A page"}},
)
@guarded(Action.RULES_READ, Load.CONSOLE)
def past(service: Annotated[Service, Depends(service_of)], limit: Limit = 100, cursor: Cursor = None) -> Response:
    found = stage_history(service.store, service.snapshots)
    after = from_cursor(cursor)
    names = [str(number) for number in range(len(found))]
    if after and after not in names:
        raise Problem("not_found", f"cursor: there is no {after} in this list")
    begin = int(after) + 1 if after else 0
    shown = [version_told(version) for version in found[begin : begin + limit]]
    return page(shown, str(begin + limit - 1) if begin + limit < len(found) else None)


@ROUTER.post("/autonomy/stages", summary="Set how far software may go in a scope", responses=_STAGES)
@guarded(Action.ROLLOUT_CHANGE, Load.CONSOLE)
def change(
    request: Request,
    body: StageBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """From the next decision on. Where the company asks for it, a wider stage needs a simulation of that very change."""
    by, now = request.state.principal.id, service.clock()
    line = _line(body)
    policy = service.company.get().policy

    def work(store: Store) -> object:
        return set_stage(
            store, service.snapshots, line, by=by, because=body.because, now=now, policy=policy, force=body.force
        )

    return _changed(service, request, body, work)


@ROUTER.post("/autonomy/stages/ends", summary="Take a scope's own stage away", responses=_STAGES)
@guarded(Action.ROLLOUT_CHANGE, Load.CONSOLE)
def end(
    request: Request,
    body: EndBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    by, now, scope = request.state.principal.id, service.clock(), scope_of(_plain(body.scope))
    return _changed(
        service, request, body,
        lambda store: end_stage(
            store, service.snapshots, scope, by=by, because=body.because, now=now, force=body.force
        ),
    )  # fmt: skip


@ROUTER.post("/autonomy/stages/roll-backs", summary="The stages before these, in one step", responses=_STAGES)
@guarded(Action.ROLLOUT_CHANGE, Load.CONSOLE)
def back(
    request: Request,
    body: BackBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    by, now = request.state.principal.id, service.clock()
    return _changed(
        service, request, body,
        lambda store: roll_back_stages(store, service.snapshots, by=by, because=body.because, now=now),
    )  # fmt: skip


@ROUTER.put("/autonomy/evidence", summary="Whether a wider change needs a simulation of it", responses=_STAGES)
@guarded(Action.ROLLOUT_CHANGE, Load.CONSOLE)
def evidence(
    request: Request,
    body: EvidenceBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    by, now = request.state.principal.id, service.clock()
    return _changed(
        service, request, body,
        lambda store: ask_for_evidence(
            store, service.snapshots, asks=body.asks, by=by, because=body.because, now=now
        ),
    )  # fmt: skip


@ROUTER.get(
    "/autonomy/halts",
    summary="What is halted, and with `past` what was",
    responses={200: {"model": HaltsOut, "description": "By id"}},
)
@guarded(Action.RULES_READ, Load.CONSOLE)
def halts(
    service: Annotated[Service, Depends(service_of)],
    past: Annotated[bool, Query(description="Halts that were resumed as well")] = False,
) -> Response:
    with service.store.reading() as books:
        found = [halt_told(one) for one in halts_in_force(books)]
        found += [past_halt_told(entry) for entry in past_halts(books)] if past else []
    return said({"items": found, "next": None})


@ROUTER.post(
    "/autonomy/halts",
    status_code=201,
    summary="Halt: nothing of it is executed by software any more, in any process",
    responses={201: {"model": HaltedOut, "description": "The halt; a scope that was halted keeps its own"}},
)
@guarded(Action.AUTONOMY_HALT, Load.CONSOLE)
def stop(
    request: Request,
    body: HaltBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    """Orders are still taken, decided and set aside, and wait for people. Whoever resumes it is a policy administrator."""
    by, now, scope = request.state.principal.id, service.clock(), scope_of(_plain(body.scope))

    def work(store: Store) -> Response:
        with store.transaction() as books:
            made, repeated = begin_halt(books, scope, by=by, because=body.because, now=now)
        return said(halt_told(made) | {"repeated": repeated}, 201)

    reply = once(request, service, body, work, whole=True)
    # Only once it is committed can others have seen it.
    told = from_json(bytes(reply.body)) | {"settled": settle(service.store)}
    replayed = {k: v for k, v in reply.headers.items() if k.lower() == "idempotent-replayed"}
    return said(told, 201, replayed)


@ROUTER.post(
    "/autonomy/halts/{halt}/resumptions",
    summary="Let software act again where it was halted",
    responses={200: {"model": HaltOut, "description": "The halt that is over"}},
)
@guarded(Action.ROLLOUT_CHANGE, Load.CONSOLE)
def go_on(
    request: Request,
    halt: str,
    body: BackBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    require_everywhere(service, request, Action.ROLLOUT_CHANGE, "what is halted")
    by, now = request.state.principal.id, service.clock()

    def work(store: Store) -> Response:
        try:
            resume(store, halt, by=by, because=body.because, now=now)
        except NotHaltedError as none:
            raise Problem("not_found", str(none)) from None
        with store.reading() as books:
            found = kept_halt(books, halt)
        assert found is not None
        return said(past_halt_told(found))

    return once(request, service, body, work, whole=True)


@ROUTER.post("/autonomy/simulations", summary="Try a change on the orders of the last days", responses=dict(STARTED))
@guarded(Action.SCENARIOS_RUN, Load.REBALANCE)
def try_change(
    request: Request,
    body: SimulationBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    """The run's result is what the change would have done; it is kept for whoever approves the change."""
    require_everywhere(service, request, Action.SCENARIOS_RUN, "a simulation")
    named = [name for name in ("rules", "stage", "roll_out", "costs") if getattr(body, name)]
    if len(named) != 1:
        raise Problem("refused", f"name one change: rules, stage, roll_out or costs, not {len(named)}")
    if body.stage is not None:
        _line(body.stage)
    return start(service, request, "simulate_change", asked_of(body), body)


@ROUTER.get(
    "/autonomy/simulations/{digest}",
    summary="What a change would have done: the latest simulation of what this digest names",
    responses={200: {"model": SimulatedOut, "description": "The simulation"}},
)
@guarded(Action.RULES_READ, Load.CONSOLE)
def tried(request: Request, digest: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        found = simulated(books, service.snapshots, digest)
    if found is None:
        raise Problem("not_found", f"no simulation of {digest} is kept; see POST /v1/autonomy/simulations")
    return tagged(request, simulated_told(found))


def _line(body: Any) -> Any:
    try:
        return line_of(body.model_dump(mode="json"))
    except ValueError as wrong:
        raise Problem("refused", str(wrong)) from None


def _plain(body: ScopeBody) -> dict[str, Any]:
    plain: dict[str, Any] = body.model_dump(mode="json")
    return plain


def _changed(service: Service, request: Request, body: Strict, work: Callable[[Store], object]) -> Response:
    """Change the stages, if they are what the caller saw; decisions heed it at once."""
    require_everywhere(service, request, Action.ROLLOUT_CHANGE, "how far software may go")

    def seen(store: Store) -> Response:
        match(request, _in_force(service, store))
        try:
            work(store)
        except ValueError as wrong:
            raise Problem("refused", str(wrong)) from None
        shown = _in_force(service, store)
        return said(shown, headers={"ETag": etag(shown)})

    reply = once(request, service, body, seen, whole=True)
    service.company.look()
    return reply


def _in_force(service: Service, store: Store) -> dict[str, Any]:
    with store.reading() as books:
        stages, version = stages_in_force(books, service.snapshots), version_in_force(books, service.snapshots)
    return stages_told(stages, version)
