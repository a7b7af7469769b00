"""Plans: made, read line by line, changed by hand, approved or set aside, judged by what came."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from evenstock.domain import PlanId, PlanState, TransferPlan, plain
from evenstock.operations.access.actions import Action
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.edit_plan import edit_plan
from evenstock.operations.judge_plan import judge_plan
from evenstock.operations.ports import Store, StoreError, Transaction
from evenstock.operations.review_plan import review_plan
from evenstock.operations.transfers import approve_plan, reject_plan
from evenstock.rebalancing.explain import frame
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.approval import limits_of, require_another
from evenstock.service.http.bodies.plans import (
    ApproveBody,
    ApprovedOut,
    BecauseBody,
    EditsBody,
    MakePlanBody,
    PlanLinesOut,
    PlanOutcomeOut,
    PlanReviewOut,
    PlansOut,
    PurchasesOut,
    RejectedOut,
    TransferPlanOut,
    nodes_of_plan,
    outcome_of,
    part_of,
    plan_out,
    plan_short,
)
from evenstock.service.http.bulk import Cursor, Limit, at_nodes, bulk, cut, paged
from evenstock.service.http.idempotent import IdempotencyKey, IfMatch, once
from evenstock.service.http.long_work import STARTED, start
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import etag, match, page, said, tagged
from evenstock.service.http.scope import nodes_of, require_all, require_everywhere

ROUTER = APIRouter(tags=["plans"], route_class=GuardedRoute)
NEWEST = 1_000
"""Plans that a list goes back."""
_PLAN: dict[int | str, dict[str, Any]] = {200: {"model": TransferPlanOut, "description": "The plan"}}


@ROUTER.get(
    "/plans",
    summary="Plans, newest first",
    responses={200: {"model": PlansOut, "description": "A page; the list goes back 1,000 plans"}},
)
@guarded(Action.PLANS_READ, Load.CONSOLE)
def listed(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    state: Annotated[PlanState | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Whoever may see some nodes alone sees what of each plan concerns them."""
    permitted = nodes_of(service, request, Action.PLANS_READ)
    with service.store.reading() as books:
        plans = [plan for plan in books.plans(NEWEST) if state is None or plan.state is state]
    shown, following = cut(plans, [str(plan.id) for plan in plans], limit, cursor)
    return page([plan_short(part_of(plan, permitted)) for plan in shown], following)


@ROUTER.post("/plans", summary="Plan tonight's transfers and purchases", responses=dict(STARTED))
@guarded(Action.PLANS_MAKE, Load.REBALANCE)
def make(
    request: Request, body: MakePlanBody, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    """The run's result names the plan; it waits for a person."""
    require_everywhere(service, request, Action.PLANS_MAKE, "a plan")
    return start(service, request, "plan", body.model_dump(exclude_none=True), body)


@ROUTER.post(
    "/plan-reviews",
    summary="What has happened since the last plan that calls for another look",
    responses={200: {"model": PlanReviewOut, "description": "Each cause once; those told for the first time are new"}},
)
@guarded(Action.PLANS_MAKE, Load.REPORT)
def review(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    """What is told is remembered, so that it is new once."""
    require_everywhere(service, request, Action.PLANS_MAKE, "a review of the plan")
    found = review_plan(service.store, service.snapshots, now=service.clock())
    return said(
        {
            "plan": found.plan,
            "triggers": [
                {"sku": t.sku or "", "node": t.node or "", "kind": t.kind.value, "because": t.because,
                 "new": t in found.fresh}
                for t in found.triggers
            ],
            "items": list(found.items),
            "false_alarms": float(found.false_alarms),
        }
    )  # fmt: skip


@ROUTER.get("/plans/{plan}", summary="A plan with everything it says", responses=_PLAN)
@guarded(Action.PLANS_READ, Load.CONSOLE)
def read(request: Request, plan: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        shown = _shown(service, request, books, _found(books, plan))
    return tagged(request, shown)


@ROUTER.get(
    "/plans/{plan}/lines",
    summary="Lines of a plan: what moves, what it is worth, what it costs",
    responses=bulk(PlanLinesOut, "Lines by item, lane and lot"),
)
@guarded(Action.PLANS_READ, Load.CONSOLE)
def lines(
    request: Request,
    plan: str,
    service: Annotated[Service, Depends(service_of)],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    with service.store.reading() as books:
        found = frame(_found(books, plan).lines)
    seen = at_nodes(found, nodes_of(service, request, Action.PLANS_READ), "origin", "destination")
    return paged(request, seen, ("sku", "origin", "destination", "mode", "lot"), limit, cursor)


@ROUTER.get(
    "/plans/{plan}/purchases",
    summary="What a plan would buy",
    responses={200: {"model": PurchasesOut, "description": "By item, node and way"}},
)
@guarded(Action.PLANS_READ, Load.CONSOLE)
def purchases(
    request: Request,
    plan: str,
    service: Annotated[Service, Depends(service_of)],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    permitted = nodes_of(service, request, Action.PLANS_READ)
    with service.store.reading() as books:
        found = part_of(_found(books, plan), permitted).purchases
    ordered = sorted(found, key=lambda one: (one.sku, one.node, one.way))
    shown, following = cut(ordered, [f"{one.sku}|{one.node}|{one.way}" for one in ordered], limit, cursor)
    return page([plain(one) for one in shown], following)


@ROUTER.post(
    "/plans/{plan}/edits",
    summary="Change lines by hand: priced again at once, every broken limit named",
    responses={200: {"model": TransferPlanOut, "description": "The plan that takes its place"}},
)
@guarded(Action.PLANS_EDIT, Load.REBALANCE)
def edit(
    request: Request,
    plan: str,
    body: EditsBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """The plan itself is superseded; the new one stands at `Location`. A plan that breaks a limit cannot be approved."""
    ends = {node for line in body.lines for node in (line.origin, line.destination)}
    require_all(service, request, Action.PLANS_EDIT, ends, f"plan {plan}")
    edits = [line.edit() for line in body.lines]

    def work(store: Store) -> Response:
        with store.reading() as books:
            match(request, _shown(service, request, books, _found(books, plan)))
        try:
            edited = edit_plan(
                store, service.snapshots, PlanId(plan), edits, by=request.state.principal.id, now=service.clock(),
                rules=Governance.of(service.company.get().company),
            )  # fmt: skip
        except (ValueError, KeyError) as wrong:
            because = f"there is no item {wrong.args[0]}" if isinstance(wrong, KeyError) else str(wrong)
            raise Problem("refused", because, errors=[("/lines", because)]) from None
        with store.reading() as books:
            shown = _shown(service, request, books, edited)
        return said(shown, headers={"ETag": etag(shown), "Location": f"/v1/plans/{edited.id}"})

    return once(request, service, body, work)


@ROUTER.post(
    "/plans/{plan}/approvals",
    summary="Approve a plan: one released transfer for each lane, and its purchases told to the system that buys",
    responses={200: {"model": ApprovedOut, "description": "What was released, lane by lane"}},
)
@guarded(Action.PLANS_APPROVE, Load.REBALANCE)
def approve(
    request: Request,
    plan: str,
    body: ApproveBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """Up to the limit of the caller's grant, and never by whoever edited it. Approved again, it gives the same transfers."""
    now, by = service.clock(), request.state.principal.id

    def work(store: Store) -> Response:
        with store.reading() as books:
            found = _found(books, plan)
            match(request, _shown(service, request, books, found))
        _require_approver(service, request, found)
        transfers = approve_plan(
            store, found.id, body.ship_by or now.date(), by, now, limits=limits_of(service, request),
            rules=Governance.of(service.company.get().company),
        )  # fmt: skip
        return said(
            {
                "plan": plan,
                "state": PlanState.APPROVED.value,
                "repeated": found.state is PlanState.APPROVED,
                "transfers": [plain(transfer) for transfer in transfers],
                "purchases": [plain(purchase) for purchase in found.purchases],
            }
        )

    return once(request, service, body, work, whole=True)


@ROUTER.post(
    "/plans/{plan}/rejections",
    summary="Set a plan aside, with the reason",
    responses={200: {"model": RejectedOut, "description": "Whether that changed anything"}},
)
@guarded(Action.PLANS_APPROVE, Load.REBALANCE)
def reject(
    request: Request,
    plan: str,
    body: BecauseBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    def work(store: Store) -> Response:
        with store.reading() as books:
            found = _found(books, plan)
            match(request, _shown(service, request, books, found))
        require_all(service, request, Action.PLANS_APPROVE, nodes_of_plan(found), f"plan {plan}")
        changed = reject_plan(store, found.id, request.state.principal.id, body.because, service.clock())
        return said({"plan": plan, "state": PlanState.REJECTED.value, "changed": changed})

    return once(request, service, body, work, whole=True)


@ROUTER.post(
    "/plans/{plan}/outcome",
    summary="Judge a plan by the demand that came: what each executed line really brought",
    responses={200: {"model": PlanOutcomeOut, "description": "Line by line; judged later, the newer answer stands"}},
)
@guarded(Action.PLANS_MAKE, Load.REPORT)
def judge(request: Request, plan: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        found = _found(books, plan)
    require_all(service, request, Action.PLANS_MAKE, nodes_of_plan(found), f"plan {plan}")
    demand = service.company.get().company.table("demand")
    if demand is None:
        raise Problem("refused", "no demand was imported: there is nothing to judge by")
    try:
        judged = judge_plan(service.store, service.snapshots, demand, found.id, now=service.clock())
    except (StoreError, ValueError) as error:
        raise Problem("refused", str(error)) from None
    return said(plain(judged))


def _require_approver(service: Service, request: Request, plan: TransferPlan) -> None:
    """Raise Problem unless the caller may approve the plan at every node it touches, and did not make it himself."""
    nodes, what = nodes_of_plan(plan), f"plan {plan.id}"
    require_all(service, request, Action.PLANS_APPROVE, nodes, what)
    require_another(request, plan.edited_by, what)


def _shown(service: Service, request: Request, books: Transaction, plan: TransferPlan) -> dict[str, Any]:
    """What the caller may see of it, with what came of it."""
    permitted = nodes_of(service, request, Action.PLANS_READ)
    return plan_out(part_of(plan, permitted), outcome_of(books.plan_outcome(plan.id), permitted))


def _found(books: Transaction, plan: str) -> TransferPlan:
    found = books.plan(PlanId(plan))
    if found is None:
        raise Problem("not_found", f"there is no plan {plan}")
    return found
