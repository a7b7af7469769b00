"""How each item is refilled at each node: from whom, on which days, how long it takes, how much at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.domain import Item, Lane, NodeId, NodeKind, Sku, Supply, TransferOrder
from evenstock.inventory.lead_days import LAST_DAY, certain, counted, from_quantiles, with_losses, within
from evenstock.operations.network import Network

Floats = npt.NDArray[np.float64]
Key = tuple[Sku, NodeId]

_LEVELS: Final = {0.5: "q50", 0.8: "q80", 0.9: "q90", 0.95: "q95", 0.99: "q99"}
_FED_BY_TRANSFER: Final = frozenset({NodeKind.FBA, NodeKind.STORE})
_EVERY_DAY: Final = frozenset(range(7))
_SETTLED_DAYS: Final = 28
"""What is still missing so long after a part came will not come."""
_USUAL_UNITS: Final = 1_000.0
"""Units that the company's own share of losses counts for beside a supplier's own."""
_USUAL_REVIEW_DAYS: Final = 7
_LONGEST_REVIEW_DAYS: Final = 60
_FEWEST_TRANSFERS: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """The regular way an item comes to a node."""

    name: str
    """Supplier, with the mode, or the node it comes from; empty where nobody knows."""
    lead: Floats
    """Share of refills that take 0, 1, … days; see `inventory.lead_days`."""
    order_days: frozenset[int] = _EVERY_DAY
    review_days: int = 0
    """Days between orders where no order days are stated; 0 where they are."""
    order_cents: float = 0.0
    """Cost of an order, shared by the items on it."""
    multiple: int = 1
    minimum: int = 0
    origin: str = ""
    """Own node it comes from; empty where it is bought."""
    basis: str = ""
    """What the lead time rests on, in words."""


@dataclass(frozen=True, slots=True, eq=False)
class _Learned:
    """Lead times as learned, with what else purchases tell."""

    rows: Mapping[Key, tuple[str, str, Floats]]
    """Supplier, mode and shares of the way bought most, by item and node."""
    of_item: Mapping[Sku, tuple[str, str, Floats, NodeId]]
    """The same at the node where the item was bought most, with that node."""
    of_category: Mapping[str, Floats]
    of_all: Floats | None
    of_supply: Mapping[tuple[str, str, str, str], Floats]
    """By supplier, item, node and mode."""
    of_supplier: Mapping[tuple[str, str], Floats]
    """By supplier and mode."""
    review_days: Mapping[str, int]
    """Days between purchases so far, by supplier."""


def ways(
    network: Network,
    keys: Sequence[Key],
    *,
    lead_times: pl.DataFrame | None,
    receipts: pl.DataFrame | None,
    transfers: Sequence[TransferOrder],
    as_of: date,
) -> dict[Key, Way]:
    """The way of each item and node that has one; lanes lead from nodes with a way of their own, so never in a circle.

    A stated supply counts first, the cheapest, with the lead time learned of it or else the one stated; then the supplier
    bought from most at this node. Amazon's own pool and stores are refilled over the shortest lane. What has none of these
    takes the supplier it has at another node, else a lane, else the lead times of its category or of all.

    Parameters
    ----------
    keys
        Items and nodes for which one is wanted.
    lead_times
        As `freight.lead_times.LeadTimeModel.frame` says them; None where none were learned.
    receipts
        Table `receipts`, for what never came and how often is ordered.
    transfers
        Those received tell how long lanes take.
    """
    learned = _learned(lead_times, receipts, network.items, as_of)
    found: dict[Key, Way] = {}
    supplies: dict[Key, list[Supply]] = {}
    for supply in network.supplies:
        supplies.setdefault((supply.sku, supply.node), []).append(supply)
    for key, each in supplies.items():
        found[key] = _supplied(min(each, key=lambda s: (s.price_cents, s.lead_days, s.supplier, s.mode)), learned)
    for key, (supplier, mode, share) in learned.rows.items():
        if key not in found and key[0] in network.items and key[1] in network.nodes:
            found[key] = _bought(supplier, mode, share, network.items[key[0]], learned, "lead time learned")
    wanted = [key for key in keys if key not in found and key[0] in network.items and key[1] in network.nodes]
    into: dict[NodeId, list[tuple[Lane, Floats]]] = {}
    for lane, share in zip(network.lanes, _lane_shares(network.lanes, transfers), strict=True):
        into.setdefault(lane.destination, []).append((lane, share))
    _over_lanes(found, [k for k in wanted if network.nodes[k[1]].kind in _FED_BY_TRANSFER], into, network.items)
    elsewhere = [key for key in wanted if key not in found and key[0] in learned.of_item]
    for key in elsewhere:
        supplier, mode, share, node = learned.of_item[key[0]]
        found[key] = _bought(supplier, mode, share, network.items[key[0]], learned, f"lead time learned at {node}")
    _over_lanes(found, [key for key in wanted if key not in found], into, network.items)
    for key in wanted:
        if key not in found and (guess := _guessed(network.items[key[0]], learned)) is not None:
            found[key] = guess
    return _with_shared_cost(found)


def _supplied(supply: Supply, learned: _Learned) -> Way:
    own = learned.of_supply.get((supply.supplier, supply.sku, supply.node, supply.mode))
    share = own if own is not None else learned.of_supplier.get((supply.supplier, supply.mode))
    basis = "lead time learned" if own is not None else f"lead time of {supply.supplier}"
    if share is None:
        share, basis = certain([supply.lead_days])[0], "lead time as stated"
    return Way(
        supply.way, share, supply.order_days, 0, float(supply.order_cents), supply.multiple_units, supply.minimum_units,
        basis=basis,
    )  # fmt: skip


def _bought(supplier: str, mode: str, share: Floats, item: Item, learned: _Learned, basis: str) -> Way:
    name = f"{supplier} by {mode}" if mode else supplier
    review = learned.review_days.get(supplier, _USUAL_REVIEW_DAYS)
    return Way(name, share, review_days=review, multiple=item.case_units, basis=basis)


def _guessed(item: Item, learned: _Learned) -> Way | None:
    share = learned.of_category.get(item.category, learned.of_all)
    if share is None:
        return None
    whose = f"of {item.category}" if item.category in learned.of_category else "of all purchases"
    basis = f"supplier unknown, lead time {whose}"
    return Way("", share, review_days=_USUAL_REVIEW_DAYS, multiple=item.case_units, basis=basis)


def _over_lanes(
    found: dict[Key, Way],
    wanted: Sequence[Key],
    into: Mapping[NodeId, list[tuple[Lane, Floats]]],
    items: Mapping[Sku, Item],
) -> None:
    """Give each key the shortest lane from a node that has a way, then those that these feed, until none is left."""
    waiting = list(wanted)
    while waiting:
        fed = {}
        for sku, node in waiting:
            from_a_way = [(lane, share) for lane, share in into.get(node, ()) if (sku, lane.origin) in found]
            if from_a_way:
                fed[sku, node] = min(
                    from_a_way, key=lambda at: (at[0].lead_days, at[0].unit_cents, at[0].origin, at[0].mode)
                )
        if not fed:
            return
        for (sku, node), (lane, share) in fed.items():
            found[sku, node] = Way(
                f"{lane.origin} by {lane.mode}", share, lane.dispatch_days, 0, float(lane.fixed_cents),
                items[sku].case_units, origin=lane.origin, basis="lead time of the lane",
            )  # fmt: skip
        waiting = [key for key in waiting if key not in fed]


def _lane_shares(lanes: Sequence[Lane], transfers: Sequence[TransferOrder]) -> list[Floats]:
    """Days from dispatch to sellable: as received over the lane ten times or more, else later than stated as all lanes were."""
    stated = {(str(lane.origin), str(lane.destination), lane.mode): lane.lead_days for lane in lanes}
    took: dict[tuple[str, str, str], list[int]] = {}
    for transfer in transfers:
        key = (str(transfer.origin), str(transfer.destination), transfer.mode)
        if transfer.dispatched_on is not None and transfer.received_on is not None and key in stated:
            took.setdefault(key, []).append((transfer.received_on - transfer.dispatched_on).days)
    beyond = [days - stated[key] for key, each in took.items() for days in each]
    shares = []
    for key, lead_days in stated.items():
        own = took.get(key, [])
        days = own if len(own) >= _FEWEST_TRANSFERS else [lead_days]
        if len(own) < _FEWEST_TRANSFERS <= len(beyond):
            days = [max(lead_days + late, 0) for late in beyond]
        shares.append(counted(days))
    return shares


def _with_shared_cost(found: dict[Key, Way]) -> dict[Key, Way]:
    """An order's cost in equal parts for the items that come the same way to a node."""
    together = Counter((way.name, key[1]) for key, way in found.items())
    return {
        key: replace(way, order_cents=way.order_cents / together[way.name, key[1]]) if way.order_cents else way
        for key, way in found.items()
    }


def _learned(
    lead_times: pl.DataFrame | None, receipts: pl.DataFrame | None, items: Mapping[Sku, Item], as_of: date
) -> _Learned:
    if lead_times is None or lead_times.is_empty():
        return _Learned({}, {}, {}, None, {}, {}, {})
    frame = lead_times.sort("supplier", "sku", "node", "mode")
    share = from_quantiles(list(_LEVELS), frame.select(_LEVELS.values()).to_numpy())
    lost = _never_received(receipts, frame, as_of)
    never = np.array([lost.get(supplier, 0.0) for supplier in frame["supplier"]])
    share = with_losses(share, never, within(share, 0.95))
    keys = list(frame.select("supplier", "sku", "node", "mode").iter_rows())
    lines = (frame["received"] + frame["outstanding"]).to_numpy()
    rows: dict[Key, tuple[str, str, Floats]] = {}
    of_item: dict[Sku, tuple[str, str, Floats, NodeId]] = {}
    for k in np.argsort(-lines, kind="stable").tolist():
        supplier, sku, node, mode = keys[k]
        if sku and node:
            rows.setdefault((Sku(sku), NodeId(node)), (supplier, mode, share[k]))
        if sku:
            of_item.setdefault(Sku(sku), (supplier, mode, share[k], NodeId(node)))

    def mean_by(names: Sequence[tuple[str, ...] | str]) -> dict[tuple[str, ...] | str, Floats]:
        of: dict[tuple[str, ...] | str, list[int]] = {}
        for k, name in enumerate(names):
            of.setdefault(name, []).append(k)
        return {name: np.average(share[ks], axis=0, weights=np.maximum(lines[ks], 1e-9)) for name, ks in of.items()}

    categories = [items[Sku(key[1])].category if key[1] in items else "" for key in keys]
    return _Learned(
        rows=rows,
        of_item=of_item,
        of_category={str(name): mixed for name, mixed in mean_by(categories).items() if name},
        of_all=np.average(share, axis=0, weights=np.maximum(lines, 1e-9)),
        of_supply=dict(zip(keys, share, strict=True)),
        of_supplier={(str(n[0]), str(n[1])): mixed for n, mixed in mean_by([(key[0], key[3]) for key in keys]).items()},
        review_days=_review_days(receipts, as_of),
    )


def _never_received(receipts: pl.DataFrame | None, lead_times: pl.DataFrame, as_of: date) -> dict[str, float]:
    """Share of units ordered that never came, by supplier, of lines that are over; a supplier with few leans on all.

    Over is a line of which a part came four weeks ago or longer, and one of which nothing came although 99 in a hundred of
    the supplier's lines take less time.
    """
    if receipts is None or receipts.is_empty():
        return {}
    longest = lead_times.group_by("supplier").agg(pl.max("q99").clip(upper_bound=LAST_DAY))
    known = receipts.filter(pl.col("ordered_on") < as_of).join(longest, on="supplier", how="left")
    came = pl.col("received_on").is_not_null() & (pl.col("received_on") < as_of)
    old_part = came & ((pl.lit(as_of) - pl.col("received_on")).dt.total_days() > _SETTLED_DAYS)
    overdue = ~came & ((pl.lit(as_of) - pl.col("ordered_on")).dt.total_days() > pl.col("q99"))
    # A receipt without units says when, not how many: the line is taken as received in full.
    got = pl.when(pl.col("units_received") > 0).then(pl.min_horizontal("units_received", "units_ordered"))
    over = known.filter(old_part | overdue).with_columns(
        got=pl.when(~came).then(0).otherwise(got.otherwise(pl.col("units_ordered"))),
    )
    if over.is_empty():
        return {}
    usual = 1.0 - float(over["got"].sum()) / max(float(over["units_ordered"].sum()), 1.0)
    by_supplier = over.group_by("supplier").agg(pl.sum("units_ordered"), pl.sum("got")).iter_rows()
    share = {
        name: (ordered - received + _USUAL_UNITS * usual) / (ordered + _USUAL_UNITS)
        for name, ordered, received in by_supplier
    }
    return {name: min(max(value, 0.0), 0.9) for name, value in share.items()}


def _review_days(receipts: pl.DataFrame | None, as_of: date) -> dict[str, int]:
    """Median days between the days on which each supplier was ordered from."""
    if receipts is None or receipts.is_empty():
        return {}
    days = (
        receipts.filter(pl.col("ordered_on") < as_of)
        .select("supplier", "ordered_on")
        .unique()
        .sort("supplier", "ordered_on")
    )
    gaps = days.with_columns(gap=pl.col("ordered_on").diff().over("supplier").dt.total_days()).drop_nulls("gap")
    return {
        name: min(max(round(gap), 1), _LONGEST_REVIEW_DAYS)
        for name, gap in gaps.group_by("supplier").agg(pl.median("gap")).iter_rows()
    }
