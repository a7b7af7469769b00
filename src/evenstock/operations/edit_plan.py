"""Changes lines of a proposed plan by hand: priced again at once on the plan's own futures, every broken limit named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from evenstock.domain import Event, NodeId, PlanId, PlanState, Sku, TransferPlan, Units, digest
from evenstock.operations.approvals import void_request
from evenstock.operations.autonomy.actor import actor_of
from evenstock.operations.autonomy.approving_plans import ask_for_plan
from evenstock.operations.autonomy.asking_of_plans import refusals, rule_on_plan
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.forecast_demand import read_forecast
from evenstock.operations.ports import ConflictError, Snapshots, Store, StoreError
from evenstock.operations.tonight.by_lot import by_lot
from evenstock.operations.tonight.evening import EVENING, Evening, reopen
from evenstock.rebalancing.explain import LaneDays, transfer_lines
from evenstock.rebalancing.limits import limits_broken
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.worth.solution import settle

BY_HAND = "edited by hand"


@dataclass(frozen=True, slots=True)
class Edit:
    """A line as a person wants it; 0 units take it out."""

    sku: Sku
    origin: NodeId
    destination: NodeId
    units: Units
    mode: str = ""
    """May be left empty where one lane only leads there."""

    @property
    def named(self) -> str:
        return f"{self.sku} {self.origin}→{self.destination}{f' {self.mode}' if self.mode else ''}"


def edit_plan(
    store: Store,
    snapshots: Snapshots,
    plan: PlanId,
    edits: Sequence[Edit],
    *,
    by: str,
    now: datetime,
    rules: Governance | None = None,
) -> TransferPlan:
    """A new proposal with these lines, which supersedes the old one; the same edits again give the same plan.

    Units snap to the nearest whole case, and a note says so. Limits of docks, room, trucks and money that the plan then
    breaks are named in `violations`, and so is each line that `rules` refuse to everybody: it cannot be approved until they
    are kept. What people had agreed to of the old plan is void.

    Raises
    ------
    StoreError
        If there is no such plan, it does not keep its evening, or there is no such lane.
    ConflictError
        If it is not a proposal any more.
    ValueError
        If goods are not there, must stay, or a rule forbids the lane to the item: the rule is named.
    """
    with store.reading() as books:
        found = books.plan(plan)
    if found is None:
        raise StoreError(f"there is no plan {plan}; `evenstock plan` makes one")
    if found.state is not PlanState.PROPOSED:
        raise ConflictError(f"plan {plan} is {found.state}; only a proposed one can be edited")
    kept, foretold = dict(found.inputs).get(EVENING), dict(found.inputs).get("forecast snapshot")
    if kept is None or foretold is None:
        raise StoreError(f"plan {plan} does not keep the evening it was made on; plan again")
    skus = {line.sku for line in found.lines} | {edit.sku for edit in edits}
    evening = reopen(snapshots, kept, skus, read_forecast(snapshots.read(foretold)))
    moves, snapped = _moves(found, evening, edits)
    solution = settle(evening.problem, moves, method=BY_HAND, seed=found.seed)
    days = _days_of(found, evening)
    changes = sorted((e.sku, e.origin, e.destination, e.mode, int(e.units)) for e in edits)
    name = digest({"plan": plan, "edits": changes, "by": by}).removeprefix("sha256:")[:20]
    edited = replace(
        found,
        id=PlanId(f"plan-{name}"),
        made_at=now,
        lines=by_lot(transfer_lines(evening.problem, solution, days), evening.lots, {}),
        notes=(*snapped, *found.notes),
        violations=tuple(limits_broken(evening.problem, moves)),
        edited_from=plan,
        edited_by=by,
    )
    with store.transaction() as books:
        known = books.plan(edited.id)
        if known is not None:
            return known
        books.move_plan(plan, PlanState.PROPOSED, PlanState.SUPERSEDED)
        void_request(books, f"plan:{plan}", now)
        ruled = rule_on_plan(books, rules, edited, now, actor_of(books, by)) if rules is not None else None
        if ruled is not None:
            edited = replace(edited, violations=(*edited.violations, *refusals(edited, ruled)))
        books.put_plan(edited)
        if ruled is not None and ruled.whole.asks is not None:
            ask_for_plan(books, edited, ruled.whole, now)
        body = {"plan": edited.id, "from": plan, "by": by, "edits": [list(change) for change in changes]}
        books.publish([Event(f"{edited.id}:edited", "TransferPlanEdited", f"plan:{edited.id}", now, body)])
    return edited


def _moves(plan: TransferPlan, evening: Evening, edits: Sequence[Edit]) -> tuple[Moves, tuple[str, ...]]:
    """The plan's lines with the edits in their place, in whole cases; what was snapped."""
    problem = evening.problem
    at_sku = {sku: k for k, sku in enumerate(problem.skus)}
    units: dict[tuple[int, int], int] = {}
    for line in plan.lines:
        key = (at_sku[line.sku], _lane(evening, line.origin, line.destination, line.mode))
        units[key] = units.get(key, 0) + line.units
    notes = []
    for edit in edits:
        k, lane = at_sku[edit.sku], _lane(evening, edit.origin, edit.destination, edit.mode)
        case = int(problem.case_units[k])
        whole = (int(edit.units) + case // 2) // case * case
        if whole != edit.units:
            notes.append(f"{edit.named}: {edit.units} units snapped to {whole}, in cases of {case}")
        if whole and (k, lane) in evening.why_barred:
            raise ValueError(f"{edit.named}: {evening.why_barred[k, lane]} forbids it")
        units[k, lane] = whole
    keys = np.array(sorted(units), np.int64).reshape(-1, 2)
    amounts = np.array([units[k, lane] for k, lane in keys.tolist()], np.int64)
    return Moves.gather(keys[:, 0], keys[:, 1], amounts), tuple(notes)


def _lane(evening: Evening, origin: NodeId, destination: NodeId, mode: str) -> int:
    """Number of the lane; of several modes the one named, or the only one."""
    lanes, nodes = evening.problem.lanes, list(evening.problem.nodes)
    if origin not in nodes or destination not in nodes:
        raise StoreError(f"there is no lane from {origin} to {destination}; `evenstock plan` lists the lanes")
    ends = (lanes.origin == nodes.index(origin)) & (lanes.destination == nodes.index(destination))
    fits = [a for a in np.flatnonzero(ends).tolist() if not mode or evening.modes[a] == mode]
    if not fits:
        raise StoreError(f"there is no lane from {origin} to {destination}{f' by {mode}' if mode else ''}")
    if len(fits) > 1:
        ways = ", ".join(evening.modes[a] for a in fits)
        raise StoreError(f"{origin}→{destination} is served by {ways}: say which")
    return fits[0]


def _days_of(plan: TransferPlan, evening: Evening) -> LaneDays:
    """Days by lane, those told in the plan where it has a line there."""
    told = {(line.origin, line.destination, line.mode): line for line in plan.lines}
    lanes, nodes = evening.problem.lanes, evening.problem.nodes
    p50, p90 = [], []
    for a in range(len(lanes)):
        line = told.get(
            (NodeId(nodes[int(lanes.origin[a])]), NodeId(nodes[int(lanes.destination[a])]), evening.modes[a])
        )
        arrives = evening.on.toordinal() + int(lanes.lead_days[a])
        p50.append(line.eta_p50 if line else type(evening.on).fromordinal(arrives))
        p90.append(line.eta_p90 if line else None)
    return LaneDays(evening.modes, evening.ship_on, p50, p90)
