"""What to send to Amazon's own pool tonight: its demand, its fees and its limits, with nothing else moving.

A node of kind `fba` serves Amazon's customers alone. It ships no brand order, so a unit it misses is a lost sale (margin and
goodwill) and never a longer parcel; and nothing comes back from it by transfer, so a unit sent too early pays storage there.
Own warehouses keep what their own demand is worth: the value of the k-th unit at both ends decides, as it does every night.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any, Final

import numpy as np

from evenstock.domain import Cents, Costs, NodeId, NodeKind, Sku, TransferLine, Units, plain
from evenstock.forecasting import Forecast
from evenstock.operations.autonomy.asking_of_plans import named, rule_on_transfer
from evenstock.operations.autonomy.governance import Asking, Governance
from evenstock.operations.autonomy.intended.stock_plan import KINDS
from evenstock.operations.network import Network
from evenstock.operations.ports import Store
from evenstock.operations.tonight.closed import CLOSED_POOL
from evenstock.operations.tonight.lane_times import lane_days
from evenstock.operations.tonight.question import Happenings, Tonight, holding_millicents, tonight
from evenstock.operations.tonight.wishes import least_benefit, wished
from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.bands import NO_CEILING
from evenstock.rebalancing.cover import ENDLESS, daily_demand, days_of_cover, position
from evenstock.rebalancing.departures.departures import Effort
from evenstock.rebalancing.explain import LaneDays, transfer_lines
from evenstock.rebalancing.limits import TINY, Limits, limits_left
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.solve import solve
from evenstock.rebalancing.worth.evaluate import evaluate
from evenstock.rebalancing.worth.solution import Solution, cost_members
from evenstock.rebalancing.worth.worth import worth
from evenstock.rebalancing.worth_doing.minimum import above_minimum

NO_FBA: Final = "no node of the network is of kind fba; add Amazon's pool to the table nodes to restock it"
_FREIGHT: Final = "freight"
_CAPITAL: Final = "capital"


class Binding(StrEnum):
    """What keeps more from being sent."""

    NOTHING = ""
    """Nothing: the next case would not pay."""
    ACCEPTANCE = "acceptance limit"
    DOCK = "dock"
    ROOM = "room"
    SHARED = "trucks, budget or an origin's dock"
    MINIMUM = "minimum benefit"
    STOCK = "stock"
    LANE = "no lane tonight"


@dataclass(frozen=True, slots=True)
class FbaRow:
    """One item at one node of the pool; money over the days planned."""

    sku: Sku
    node: NodeId
    position: Units
    """There and under way."""
    cover_before: int
    """Days, 9999 where nothing is expected to sell."""
    cover_after: int
    units: Units
    sent_from: tuple[tuple[NodeId, Units], ...]
    cases: int
    pallet_thousandths: int
    worth_cents: Cents
    """Sales and cover saved in the pool less what the origins lose, before any fee."""
    placement_cents: Cents
    """Amazon's fee for each unit it receives and places."""
    storage_cents: Cents
    """Amazon's fee by volume for as long as the units are expected to lie there."""
    freight_cents: Cents
    picking_cents: Cents
    capital_cents: Cents
    """Interest on the goods while they travel."""
    missed_thousandths: int
    """Thousandths of a unit expected to be missed in the pool after all."""
    binding: Binding
    left_cents: Cents
    """What more would bring without the limit that binds; for stock at most so much, for it must be bought first."""
    sentence: str

    @property
    def cost_cents(self) -> Cents:
        return Cents(
            self.placement_cents + self.storage_cents + self.freight_cents + self.picking_cents + self.capital_cents
        )

    @property
    def net_cents(self) -> Cents:
        return Cents(self.worth_cents - self.cost_cents)


@dataclass(frozen=True, slots=True)
class FbaRestock:
    """Tonight's shipments into the pool."""

    rows: tuple[FbaRow, ...]
    """Every item that the pool sells or holds: the largest net first, then what a limit costs most, then by name."""
    lines: tuple[TransferLine, ...]
    """The same as lines of a plan, lane by lane."""
    bound_cents: Cents
    """No other choice of shipments into the pool nets more."""
    acceptance_cents: Cents
    """What the plan would net beyond this if Amazon accepted anything: more than one item may share in it."""
    shared_cents: Cents
    """The same without limits of docks, room, trucks and budget."""
    notes: tuple[str, ...]

    @property
    def units(self) -> int:
        return sum(row.units for row in self.rows)

    @property
    def worth_cents(self) -> int:
        return sum(row.worth_cents for row in self.rows)

    @property
    def cost_cents(self) -> int:
        return sum(row.cost_cents for row in self.rows)

    @property
    def net_cents(self) -> int:
        return self.worth_cents - self.cost_cents


def fba_tonight(
    store: Store,
    network: Network,
    forecast: Forecast,
    *,
    on: date,
    seed: int,
    n_paths: int,
    happened: Happenings | None = None,
    effort: Effort | None = None,
    rules: Governance | None = None,
) -> FbaRestock:
    """`restock_fba` from the books as they are; nothing is kept. Its notes name each line that `rules` refuse, or ask people about.

    Raises
    ------
    ValueError
        If no node is of kind `fba`, or the network has no rate cards.
    """
    with store.reading() as books:
        balances, transfers = books.balance_frame(), books.transfers()
    question = tonight(
        network,
        balances=balances,
        transfers=transfers,
        forecast=forecast,
        on=on,
        n_paths=n_paths,
        seed=seed,
        happened=happened,
    )
    days = lane_days(network.lanes, question.ship_on, transfers)
    found = restock_fba(question, network.costs, seed=seed, effort=effort, days=days)
    with store.reading() as books:
        asking = rules.asking(books, datetime.combine(on, time.min, UTC), KINDS) if rules is not None else None
    return found if asking is None else replace(found, notes=(*found.notes, *_asked(asking, found.lines)))


def _asked(asking: Asking, lines: Sequence[TransferLine]) -> Iterator[str]:
    """What may not be, or not without people, line by line."""
    for line in lines:
        ruled = rule_on_transfer(asking, line)
        if ruled.refused is not None:
            yield f"may not go: {named(line)}: {ruled.refused.because}"
        elif ruled.asks is not None:
            yield f"waits for {ruled.asks.role}: {named(line)}: {ruled.asks.because}"


def restock_fba(
    question: Tonight, costs: Costs, *, seed: int = 0, effort: Effort | None = None, days: LaneDays | None = None
) -> FbaRestock:
    """The shipments into the pool that bring more than they cost, and what each limit keeps from it.

    Limits are priced by lifting them: the night is solved again as if Amazon accepted anything, and as if docks, room,
    trucks and budget were endless; an item's share is what its own lines would net more.

    Parameters
    ----------
    days : what the document says of each lane; without it lines carry no dates.

    Raises
    ------
    ValueError
        If no node is of kind `fba`.
    """
    asked = only_into_fba(question)
    best = _best(asked, costs, seed, effort)
    accepted = _lifted(best, _any_accepted(asked), costs, seed, effort)
    unlimited = _lifted(best, _endless_docks(asked), costs, seed, effort)
    at = _pool(question)
    bound = best.solved.bound_cents if best.solved.bound_cents is not None else best.goes.net_cents
    return FbaRestock(
        rows=_rows(_Told.of(asked, best, (accepted, unlimited)), np.flatnonzero(at)),
        lines=transfer_lines(best.problem, best.goes, days),
        bound_cents=Cents(max(bound, best.goes.net_cents)),
        acceptance_cents=Cents(max(accepted.goes.net_cents - best.goes.net_cents, 0)),
        shared_cents=Cents(max(unlimited.goes.net_cents - best.goes.net_cents, 0)),
        notes=question.notes + best.notes + best.goes.notes,
    )


def only_into_fba(question: Tonight) -> Tonight:
    """The question with every lane closed that does not lead into the pool from outside; service is asked of the pool alone.

    Raises
    ------
    ValueError
        If no node is of kind `fba`.
    """
    pool, lanes = _pool(question), question.problem.lanes
    if not pool.any():
        raise ValueError(NO_FBA)
    into = pool[lanes.destination] & ~pool[lanes.origin]
    assert question.problem.barred is not None
    wanted = question.targets
    return replace(
        question,
        problem=replace(question.problem, barred=question.problem.barred | ~into),
        targets=replace(
            wanted,
            cycle_service=np.where(pool, wanted.cycle_service, 0.0),
            fill_rate=np.where(pool, wanted.fill_rate, 0.0),
        ),
    )


def _pool(question: Tonight) -> Bools:
    """Whether each node is of Amazon's own pool, ``(W,)``."""
    return np.array([node.kind is NodeKind.FBA for node in question.nodes], np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class _Best:
    """The best shipments under some limits."""

    problem: Problem
    solved: Solution
    goes: Solution
    """Without lines that bring less than the minimum."""
    notes: tuple[str, ...]


def _best(question: Tonight, costs: Costs, seed: int, effort: Effort | None) -> _Best:
    wishes = wished(question, costs, lambda problem: solve(problem, seed=seed, effort=effort))
    solved, reached = wishes.solve(wishes.problem)
    goes = above_minimum(wishes.problem, solved, least_benefit(costs))
    return _Best(wishes.problem, solved, goes, wishes.notes + reached)


def _lifted(best: _Best, question: Tonight | None, costs: Costs, seed: int, effort: Effort | None) -> _Best:
    """The best without a limit; the same again where there is no such limit."""
    return best if question is None else _best(question, costs, seed, effort)


def _any_accepted(question: Tonight) -> Tonight | None:
    bands, pool = question.problem.bands, _pool(question)
    if bands is None or (bands.most_units[:, pool] >= NO_CEILING).all():
        return None
    anything = replace(bands, most_units=np.where(pool, NO_CEILING, bands.most_units))
    return replace(question, problem=replace(question.problem, bands=anything))


def _endless_docks(question: Tonight) -> Tonight | None:
    problem = question.problem
    lanes = problem.lanes
    assert lanes.trucks is not None
    if problem.limits is None and not lanes.trucks.any():
        return None
    endless = replace(lanes, trucks=np.zeros_like(lanes.trucks))
    return replace(question, problem=replace(problem, limits=None, lanes=endless))


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """Everything rows are told from, arrays by item and node ``(K, W)`` unless said."""

    question: Tonight
    problem: Problem
    goes: Solution
    units: Ints
    money: Mapping[str, Ints]
    """Worth before storage, and each kind of cost."""
    missed: Floats
    cover: tuple[Ints, Ints]
    more: tuple[tuple[Ints, Ints], tuple[Ints, Ints]]
    """Units, and net cents, beyond this plan's without acceptance limits, and without shared ones."""
    dropped: Ints
    """Net of what the minimum left out."""
    stock_left: Bools
    """Whether an open lane still has a case to bring."""
    opens: Bools
    """Whether any lane into the node may be used."""
    next_case: tuple[Ints, Ints]
    """What one more case would save there beyond what its origin loses, and what it would cost, in cents."""
    left: Limits | None
    """What is left of limits that items share."""
    each: Floats
    """Cents per unit by item and lane, ``(K, A)``, as if departures left full."""

    @classmethod
    def of(cls, question: Tonight, best: _Best, lifted: tuple[_Best, _Best]) -> _Told:
        problem, goes = best.problem, best.goes
        units = _by_end(problem, goes.moves, goes.moves.units)
        net = _by_end(problem, goes.moves, goes.line_net_cents)
        kept = problem.movable_cases - _by_start(problem, goes.moves) // problem.case_units[:, None]
        opens, has = np.zeros(units.shape, np.bool_), np.zeros(units.shape, np.bool_)
        for a, (i, j) in enumerate(zip(problem.lanes.origin, problem.lanes.destination, strict=True)):
            opens[:, j] |= problem.usable[:, a]
            has[:, j] |= problem.usable[:, a] & (kept[:, i] > 0)
        daily, there = daily_demand(problem), position(problem)
        after = problem.after(goes.moves)
        each: Floats = np.sum([member.slope(problem) for member in cost_members().values()], axis=0)
        more = tuple(
            (
                _by_end(other.problem, other.goes.moves, other.goes.moves.units) - units,
                _by_end(other.problem, other.goes.moves, other.goes.line_net_cents) - net,
            )
            for other in lifted
        )
        return cls(
            question=question,
            problem=problem,
            goes=goes,
            units=units,
            money=_by_kind(question, problem, goes),
            missed=evaluate(after, Moves.none()).lost_units,
            cover=(days_of_cover(there, daily), days_of_cover(there + units, daily)),
            more=(more[0], more[1]),
            dropped=_by_end(problem, best.solved.moves, best.solved.line_net_cents) - net,
            stock_left=has,
            opens=opens,
            next_case=_next_case(after, kept, each),
            left=limits_left(problem, goes.moves),
            each=each,
        )


def _by_end(problem: Problem, moves: Moves, values: Ints) -> Ints:
    """Values of lines added up by item and destination."""
    found = np.zeros(problem.on_hand.shape, np.int64)
    np.add.at(found, (moves.item, problem.lanes.destination[moves.lane]), values)
    return found


def _by_start(problem: Problem, moves: Moves) -> Ints:
    found = np.zeros(problem.on_hand.shape, np.int64)
    np.add.at(found, (moves.item, problem.lanes.origin[moves.lane]), moves.units)
    return found


def _by_kind(question: Tonight, problem: Problem, goes: Solution) -> dict[str, Ints]:
    """Worth before Amazon's storage fee, and every cost, by item and destination.

    The plan's own worth has storage in it, at both ends. The fee by volume is taken out and shown by itself; a company's
    cost of holding a unit is the same at both ends and stays.
    """
    moves = goes.moves
    column = {name: member.COLUMN for name, member in cost_members().items()}
    found = {
        of: sum((_by_end(problem, moves, goes.terms[name]) for name in goes.terms if column[name] == of), 0 * problem.on_hand)
        for of in (_FREIGHT, _CAPITAL)
    }  # fmt: skip
    placed = moves.units * problem.handling_in_cents[problem.lanes.destination[moves.lane]]
    picked = moves.units * problem.handling_out_cents[problem.lanes.origin[moves.lane]]
    fee = holding_millicents(question.items, question.nodes, 0)
    storage = np.rint(fee * more_unit_days(problem, moves) / 1000).astype(np.int64)
    return found | {
        "placement": _by_end(problem, moves, placed),
        "picking": _by_end(problem, moves, picked),
        "storage": storage,
        "worth": _by_end(problem, moves, goes.worth_cents) + storage,
    }


def more_unit_days(problem: Problem, moves: Moves) -> Floats:
    """Expected evenings that the units moved lie at their destination within the days planned, units × days, ``(K, W)``."""
    arriving = np.zeros((*problem.on_hand.shape, problem.days), np.int64)
    lead, end = problem.lanes.lead_days[moves.lane], problem.lanes.destination[moves.lane]
    seen = lead < problem.days
    np.add.at(arriving, (moves.item[seen], end[seen], lead[seen]), moves.units[seen])
    found = np.zeros(problem.on_hand.shape)
    for k, w in np.argwhere(arriving.any(axis=2)).tolist():
        with_and_without = np.zeros((2, problem.path_count), np.int64)
        with_and_without += problem.on_hand[k, w]
        coming = problem.arrivals[k, w] + np.stack([arriving[k, w], 0 * arriving[k, w]])
        for t in range(problem.days):
            with_and_without += coming[:, t, None] - problem.paths[k, w, :, t].astype(np.int64)
            np.maximum(with_and_without, 0, out=with_and_without)
            found[k, w] += float((with_and_without[0] - with_and_without[1]).mean())
    return found


def _next_case(after: Problem, kept: Ints, each: Floats) -> tuple[Ints, Ints]:
    """Worth and cost of one case more at each node, over the open lane on which it costs least, as if departures left full."""
    gains, spent = np.zeros(kept.shape, np.int64), np.zeros(kept.shape, np.int64)
    case = each * after.case_units[:, None]
    able = after.usable & (kept[:, after.lanes.origin] > 0)
    for j in np.unique(after.lanes.destination).tolist():
        into = np.flatnonzero(after.lanes.destination == j)
        dear = np.where(able[:, into], case[:, into], np.inf)
        best = into[dear.argmin(axis=1)]
        item = np.flatnonzero(np.isfinite(dear.min(axis=1)))
        if item.size:
            one = Moves(item.astype(np.int64), best[item].astype(np.int64), after.case_units[item])
            gains[item, j] = worth(after, one).cents
            spent[item, j] = np.rint(case[item, best[item]]).astype(np.int64)
    return gains, spent


def _rows(told: _Told, nodes: Ints) -> tuple[FbaRow, ...]:
    problem = told.problem
    there, sells = position(problem), daily_demand(problem) > 0
    rows = [
        _row(told, k, w)
        for w in nodes.tolist()
        for k in np.flatnonzero((there[:, w] > 0) | sells[:, w] | (told.units[:, w] > 0)).tolist()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.net_cents, -row.left_cents, row.sku, row.node)))


def _row(told: _Told, k: int, w: int) -> FbaRow:
    problem, units = told.problem, int(told.units[k, w])
    binding, cents = _binding(told, k, w)
    moves, lanes = told.goes.moves, problem.lanes
    mine = (moves.item == k) & (lanes.destination[moves.lane] == w)
    sent: dict[NodeId, int] = {}
    for lane, amount in zip(moves.lane[mine].tolist(), moves.units[mine].tolist(), strict=True):
        origin = NodeId(str(problem.nodes[int(lanes.origin[lane])]))
        sent[origin] = sent.get(origin, 0) + amount
    money = {name: Cents(int(values[k, w])) for name, values in told.money.items()}
    row = FbaRow(
        sku=Sku(str(problem.skus[k])),
        node=NodeId(str(problem.nodes[w])),
        position=Units(int(position(problem)[k, w])),
        cover_before=int(told.cover[0][k, w]),
        cover_after=int(told.cover[1][k, w]),
        units=Units(units),
        sent_from=tuple((origin, Units(amount)) for origin, amount in sorted(sent.items())),
        cases=units // int(problem.case_units[k]),
        pallet_thousandths=round(1000 * units * float(problem.pallet_share[k])),
        worth_cents=money["worth"],
        placement_cents=money["placement"],
        storage_cents=money["storage"],
        freight_cents=money[_FREIGHT],
        picking_cents=money["picking"],
        capital_cents=money[_CAPITAL],
        missed_thousandths=round(1000 * float(told.missed[k, w])),
        binding=binding,
        left_cents=cents,
        sentence="",
    )
    return replace(row, sentence=_sentence(told, row, k, w))


def _binding(told: _Told, k: int, w: int) -> tuple[Binding, Cents]:
    """What keeps more of the item from the node, and what that costs; of several the first in the order of `Binding`."""
    for number, (units, net) in enumerate(told.more):
        if units[k, w] > 0 and net[k, w] > 0:
            return _shared(told, k, w) if number else Binding.ACCEPTANCE, Cents(int(net[k, w]))
    if told.dropped[k, w] > 0:
        return Binding.MINIMUM, Cents(int(told.dropped[k, w]))
    cents = _at_most(told, k, w)
    if cents > 0 and not told.opens[k, w]:
        return Binding.LANE, cents
    if cents > 0 and not told.stock_left[k, w]:
        return Binding.STOCK, cents
    return Binding.NOTHING, Cents(0)


def _shared(told: _Told, k: int, w: int) -> Binding:
    """Which of the limits that items share has no place for another case."""
    problem, left = told.problem, told.left
    if left is None:
        return Binding.SHARED
    lanes = problem.lanes
    into = problem.usable[k] & (lanes.destination == w) & (lanes.lead_days < problem.days)
    leads, case = lanes.lead_days[into], int(problem.case_units[k])
    if leads.size and (left.in_units[w, leads] < case).all():
        return Binding.DOCK
    room = case * float(problem.pallet_share[k])
    if leads.size and left.room_pallets[w, leads.min() :].min() < room - TINY:
        return Binding.ROOM
    return Binding.SHARED


def _at_most(told: _Told, k: int, w: int) -> Cents:
    """What the units still missed would bring if somebody had them to spare, over the cheapest lane into the node."""
    problem = told.problem
    into = problem.lanes.destination == w
    if not into.any():
        return Cents(0)
    each = float(told.each[k, into].min())
    saved = float(problem.shortage_cents[k, w]) - each
    return Cents(max(round(float(told.missed[k, w]) * saved), 0))


def _sentence(told: _Told, row: FbaRow, k: int, w: int) -> str:
    """Why so many, in cents."""
    problem = told.problem
    case = int(problem.case_units[k])
    begin = f"{row.node} has {_days(row.cover_before)}"
    if row.units:
        origins = " and ".join(f"{units:,} from {origin}" for origin, units in row.sent_from)
        said = (
            f"{begin}: {origins} save {_money(row.worth_cents)} for {_money(row.cost_cents)} of fees and freight and bring it "
            f"to {_days(row.cover_after)}"
        )
    elif row.missed_thousandths == 0:
        return f"{begin}: nothing is missed within {problem.days} days."
    else:
        said = (
            f"{begin} and would miss {row.missed_thousandths / 1000:.1f} units within {problem.days} days: nothing goes"
        )
    if row.binding is Binding.NOTHING:
        brings, costs = int(told.next_case[0][k, w]), int(told.next_case[1][k, w])
        if costs == 0 and brings <= 0:
            return f"{said}; nothing more would be sold."
        taken = ", but what it needs of docks, trucks or a begun pallet is worth more" if brings > costs else ""
        return f"{said}; the next case of {case} would bring {_money(brings)} and cost at least {_money(costs)}{taken}."
    if row.binding is Binding.STOCK:
        return f"{said}; no more may leave any origin, which costs up to {_money(row.left_cents)}."
    if row.binding is Binding.LANE:
        return f"{said}; {_shut(told, k, w)}, which costs up to {_money(row.left_cents)}."
    return f"{said}; without the limit of {_OF[row.binding]} it would net {_money(row.left_cents)} more."


_OF: Final = {
    Binding.ACCEPTANCE: "acceptance",
    Binding.DOCK: "its dock",
    Binding.ROOM: "its room",
    Binding.SHARED: "trucks, budget or an origin's dock",
    Binding.MINIMUM: "least benefit",
}


def _shut(told: _Told, k: int, w: int) -> str:
    """Why no lane into the node may be used."""
    into = np.flatnonzero(told.problem.lanes.destination == w)
    reasons = {told.question.reasons[n] for n in told.question.because[k, into].tolist() if n >= 0} - {CLOSED_POOL}
    return f"no lane into it is open: {'; '.join(sorted(reasons))}" if reasons else "no lane into it leaves tonight"


def _days(cover: int) -> str:
    return "no sales to expect" if cover >= ENDLESS else f"{cover} day{'' if cover == 1 else 's'} of cover"


def _money(cents: int) -> str:
    return f"{cents / 100:,.2f}"


def document(found: FbaRestock) -> dict[str, Any]:
    """A restock as JSON, with its totals."""
    totals = {name: getattr(found, name) for name in ("units", "worth_cents", "cost_cents", "net_cents")}
    rows = [plain(row) | {"cost_cents": row.cost_cents, "net_cents": row.net_cents} for row in found.rows]
    told: dict[str, Any] = plain(found) | totals | {"rows": rows}
    return told
