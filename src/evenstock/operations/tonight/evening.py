"""The evening a plan was made on, kept with it: to price an edit on the same futures, and to judge what came of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from evenstock.domain import LotId
from evenstock.forecasting import Forecast
from evenstock.operations.ports import Snapshots, StoreError
from evenstock.operations.tonight.by_lot import lots_there
from evenstock.operations.tonight.demand import demand_paths
from evenstock.operations.tonight.question import Tonight
from evenstock.rebalancing.bands import Bands
from evenstock.rebalancing.limits import Limits
from evenstock.rebalancing.problem import Lanes, Problem

EVENING: Final = "evening"
"""Name of the evening's snapshot among a plan's inputs."""
_STOCK: Final = ("on_hand", "source_floor", "shortage_cents", "holding_millicents", "terminal_cents")
_BANDS: Final = ("low_units", "low_cents", "high_units", "high_cents", "most_units")
_LANES: Final = ("origin", "destination", "fixed_cents", "pallet_cents", "unit_cents", "lead_days", "leaves", "truck_cents", "truck_pallets", "trucks")  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Evening:
    """What was known when a plan was made."""

    problem: Problem
    modes: tuple[str, ...]
    """Kind of carriage of each lane."""
    ship_on: tuple[date, ...]
    again_on: tuple[date, ...]
    on: date
    why_barred: Mapping[tuple[int, int], str]
    """Reason by item and lane."""
    lots: Mapping[tuple[str, str], Sequence[tuple[LotId, int]]]
    """Units of each lot by item and node, in the order in which they are taken; only where lots are tracked."""


def keep_evening(snapshots: Snapshots, question: Tonight, modes: tuple[str, ...], *, paths: int, seed: int) -> str:
    """Keep everything of the question but the paths, which the forecast and the seed give again; the digest."""
    p = question.problem
    at_sku = np.repeat(np.array(p.skus, object), len(p.nodes))
    at_node = np.tile(np.array(p.nodes, object), len(p.skus))
    stock = pl.DataFrame({"sku": at_sku, "node": at_node}, schema={"sku": pl.String, "node": pl.String})
    stock = stock.with_columns(
        *(pl.Series(name, getattr(p, name).ravel()) for name in _STOCK),
        pl.Series("available", question.available.ravel()),
    )
    if p.bands is not None:
        stock = stock.with_columns(pl.Series(name, getattr(p.bands, name).ravel()) for name in _BANDS)
    k, w, t = np.nonzero(p.arrivals)
    inbound = pl.DataFrame({"item": k, "node": w, "day": t, "units": p.arrivals[k, w, t].astype(np.int64)})
    items = {name: getattr(p, name) for name in ("unit_cost_cents", "case_units", "pallet_units")}
    assert p.barred is not None
    shut_item, shut_lane = np.nonzero(p.barred)
    limits = p.limits or Limits.none(len(p.nodes), p.days)
    about = {
        "on": question.on.isoformat(),
        "days": str(p.days),
        "paths": str(paths),
        "seed": str(seed),
        "capital_rate": repr(p.capital_rate),
        "budget_cents": str(limits.budget_cents),
        "limited": str(p.limits is not None),
    }
    return snapshots.take(
        {
            "evening_stock": stock,
            "evening_inbound": inbound,
            "evening_items": pl.DataFrame({"sku": list(p.skus)} | items, schema_overrides={"sku": pl.String}),
            "evening_nodes": pl.DataFrame(
                {
                    "node": list(p.nodes),
                    "handling_out_cents": p.handling_out_cents,
                    "handling_in_cents": p.handling_in_cents,
                    "out_units": limits.out_units,
                }
            ),
            "evening_docks": pl.DataFrame(
                {
                    "place": np.arange(limits.in_units.size),
                    "in_units": limits.in_units.ravel(),
                    "room_pallets": limits.room_pallets.ravel(),
                }
            ),
            "evening_lanes": pl.DataFrame(
                {"lane": np.arange(len(p.lanes))}
                | {name: getattr(p.lanes, name) for name in _LANES}
                | {
                    "mode": list(modes),
                    "ship_on": list(question.calendar.leaves_on),
                    "again_on": list(question.calendar.again_on),
                },
                schema_overrides={"mode": pl.String, "ship_on": pl.Date, "again_on": pl.Date},
            ),
            "evening_lots": pl.DataFrame(
                [
                    (sku, node, turn, lot, units)
                    for (sku, node), lots in lots_there(question.balances, question.happened.lots).items()
                    for turn, (lot, units) in enumerate(lots)
                ],
                schema={"sku": pl.String, "node": pl.String, "turn": pl.Int64, "lot": pl.String, "units": pl.Int64},
                orient="row",
            ),
            "evening_barred": pl.DataFrame(
                {
                    "item": shut_item,
                    "lane": shut_lane,
                    "because": [question.reasons[n] for n in question.because[shut_item, shut_lane]],
                },
                schema_overrides={"because": pl.String},
            ),
            "evening": pl.DataFrame({"name": list(about), "value": list(about.values())}),
        }
    )


def reopen(snapshots: Snapshots, digest: str, skus: Collection[str], forecast: Forecast | None = None) -> Evening:
    """The evening for some items, on the same futures.

    Parameters
    ----------
    forecast : the plan's; without it there is one future, without demand, for a caller who has a better one.

    Raises
    ------
    StoreError
        If it is not kept, or an item was not in it.
    """
    kept = snapshots.read(digest)
    about = dict(kept["evening"].select("name", "value").iter_rows())
    lanes = kept["evening_lanes"].sort("lane")
    nodes = kept["evening_nodes"].sort("node")
    all_items = kept["evening_items"].sort("sku").with_row_index("item")
    items = all_items.filter(pl.col("sku").is_in(sorted(skus)))
    unknown = sorted(set(skus) - set(items["sku"]))
    if unknown:
        raise StoreError(f"item {unknown[0]} was not in the network when this plan was made; plan again")
    days, shape = int(about["days"]), (len(items), len(nodes))
    at_sku = {sku: k for k, sku in enumerate(items["sku"])}
    at_node = {node: w for w, node in enumerate(nodes["node"])}
    stock = kept["evening_stock"].filter(pl.col("sku").is_in(sorted(skus))).sort("sku", "node")

    def table(name: str) -> np.ndarray:
        return stock[name].to_numpy().reshape(shape)

    if forecast is None:
        paths = np.zeros((*shape, 1, days), np.uint16)
    else:
        paths, _, _ = demand_paths(forecast, at_sku, at_node, int(about["paths"]), int(about["seed"]))
    place = {int(number): k for k, number in enumerate(items["item"])}
    inbound = np.zeros((*shape, days), np.int64)
    for k, w, t, units in kept["evening_inbound"].filter(pl.col("item").is_in(list(place))).iter_rows():
        inbound[place[k], w, t] = units
    barred = np.zeros((len(items), len(lanes)), np.bool_)
    why = {}
    for k, lane, because in kept["evening_barred"].filter(pl.col("item").is_in(list(place))).iter_rows():
        barred[place[k], lane] = True
        why[place[k], lane] = because
    lots: dict[tuple[str, str], list[tuple[LotId, int]]] = {}
    for sku, node, _, lot, units in kept["evening_lots"].sort("sku", "node", "turn").iter_rows():
        lots.setdefault((sku, node), []).append((LotId(lot), units))
    docks = kept["evening_docks"].sort("place")
    limits = Limits(
        out_units=nodes["out_units"].to_numpy(),
        in_units=docks["in_units"].to_numpy().reshape(len(nodes), days),
        room_pallets=docks["room_pallets"].to_numpy().reshape(len(nodes), days),
        budget_cents=int(about["budget_cents"]),
    )
    problem = Problem(
        skus=items["sku"].to_list(),
        nodes=nodes["node"].to_list(),
        paths=np.ascontiguousarray(paths[:, :, :, :days]),
        lanes=Lanes(**{name: lanes[name].to_numpy() for name in _LANES}),
        capital_rate=float(about["capital_rate"]),
        inbound=inbound,
        barred=barred,
        limits=limits if about["limited"] == "True" else None,
        bands=Bands(**{name: table(name) for name in _BANDS}) if "low_units" in stock.columns else None,
        **{name: table(name) for name in _STOCK},
        **{name: items[name].to_numpy() for name in ("unit_cost_cents", "case_units", "pallet_units")},
        **{name: nodes[name].to_numpy() for name in ("handling_out_cents", "handling_in_cents")},
    )
    return Evening(
        problem,
        tuple(lanes["mode"]),
        tuple(lanes["ship_on"]),
        tuple(lanes["again_on"]),
        date.fromisoformat(about["on"]),
        why,
        lots,
    )
