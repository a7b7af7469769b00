"""What is there, spoken for, and on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.domain import Lane, TransferOrder, TransferState
from evenstock.forecasting.returns import return_rates
from evenstock.operations.tonight.calendar import next_departure

_UNDER_WAY: Final = frozenset({TransferState.RELEASED, TransferState.DISPATCHED, TransferState.RECEIVED})
_OVERDUE_DAYS: Final = 60
"""A purchase this much later than promised is not counted on any more."""


def stock_matrix(balances: pl.DataFrame, skus: dict[str, int], nodes: dict[str, int]) -> NDArray[np.int64]:
    """Units available to promise (available less buffer, not below zero) by item and node, lots added up."""
    found = np.zeros((len(skus), len(nodes)), np.int64)
    atp = balances.with_columns((pl.col("available") - pl.col("buffer")).clip(lower_bound=0).alias("atp"))
    for sku, node, units in atp.group_by("sku", "node").agg(pl.sum("atp")).iter_rows():
        if sku in skus and node in nodes:
            found[skus[sku], nodes[node]] = units
    return found


def available_matrix(balances: pl.DataFrame, skus: dict[str, int], nodes: dict[str, int]) -> NDArray[np.int64]:
    """Units available by the record, by item and node, lots added up, buffers included."""
    found = np.zeros((len(skus), len(nodes)), np.int64)
    for sku, node, units in balances.group_by("sku", "node").agg(pl.sum("available")).iter_rows():
        if sku in skus and node in nodes:
            found[skus[sku], nodes[node]] = units
    return found


def inbound_matrix(
    transfers: Sequence[TransferOrder],
    lanes: Sequence[Lane],
    skus: dict[str, int],
    nodes: dict[str, int],
    on: date,
    days: int,
) -> NDArray[np.int64]:
    """Units under way by item, node and day of arrival; what is overdue is expected today.

    A transfer leaves on its lane's first day from `ship_by` on, and is sellable the lane's lead time later.
    """
    by_ends = {(lane.origin, lane.destination): lane for lane in reversed(lanes)}
    by_mode = {(lane.origin, lane.destination, lane.mode): lane for lane in lanes}
    coming = np.zeros((len(skus), len(nodes), days), np.int64)
    for transfer in transfers:
        if transfer.state not in _UNDER_WAY or transfer.destination not in nodes:
            continue
        ends = (transfer.origin, transfer.destination)
        lane = by_mode.get((*ends, transfer.mode), by_ends.get(ends))
        leaves = transfer.ship_by if lane is None else next_departure(lane, transfer.ship_by)
        day = max(0, (leaves - on).days + (0 if lane is None else lane.lead_days))
        if day >= days:
            continue
        for line in transfer.lines:
            units = line.units if transfer.state is TransferState.RELEASED else line.outstanding
            if line.sku in skus:
                coming[skus[line.sku], nodes[transfer.destination], day] += units
    return coming


def promised_away(transfers: Sequence[TransferOrder], skus: dict[str, int], nodes: dict[str, int]) -> NDArray[np.int64]:
    """Units that released transfers will take from their origin, by item and node: still there, but spoken for."""
    leaving = np.zeros((len(skus), len(nodes)), np.int64)
    for transfer in transfers:
        if transfer.state is TransferState.RELEASED and transfer.origin in nodes:
            for line in transfer.lines:
                if line.sku in skus:
                    leaving[skus[line.sku], nodes[transfer.origin]] += line.units
    return leaving


def purchases_matrix(
    receipts: pl.DataFrame | None,
    lead: Mapping[tuple[str, str], int],
    keys: tuple[dict[str, int], dict[str, int]],
    on: date,
    days: int,
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Units bought and not received by item, node and day of arrival, and what was left out.

    A line comes on the day promised, else its supplier's lead days after the order; one that is late is expected tomorrow,
    and one more than 60 days late is not counted on.

    Parameters
    ----------
    receipts : table `receipts`; lines without a node are left out.
    lead : days from order to receipt by (supplier, sku).
    """
    skus, nodes = keys
    coming = np.zeros((len(skus), len(nodes), days), np.int64)
    if receipts is None:
        return coming, ()
    nowhere = given_up = 0
    for row in receipts.filter(pl.col("received_on").is_null()).iter_rows(named=True):
        units = row["units_ordered"] - row["units_received"]
        if units <= 0 or row["sku"] not in skus:
            continue
        if row["node"] not in nodes:
            nowhere += 1
            continue
        due = row["promised_on"] or row["ordered_on"] + timedelta(days=lead.get((row["supplier"], row["sku"]), 0))
        if (on - due).days > _OVERDUE_DAYS:
            given_up += 1
            continue
        day = max((due - on).days, 1)
        if day < days:
            coming[skus[row["sku"]], nodes[row["node"]], day] += units
    notes = []
    if nowhere:
        notes.append(f"{nowhere} purchase lines under way name no node and are not counted on")
    if given_up:
        notes.append(f"{given_up} purchase lines are more than {_OVERDUE_DAYS} days late and are not counted on")
    return coming, tuple(notes)


def returns_matrix(
    returns: pl.DataFrame | None,
    demand: pl.DataFrame | None,
    keys: tuple[dict[str, int], dict[str, int]],
    on: date,
    days: int,
) -> NDArray[np.int64]:
    """Units expected back by item, node and day: what sold `lag` days before comes back at its rate, where returns land.

    An item's returns are dealt to nodes as they landed over the last year; whole units, rounded along the days.
    """
    skus, nodes = keys
    back = np.zeros((len(skus), len(nodes), days), np.int64)
    if returns is None or demand is None or returns.is_empty() or demand.is_empty():
        return back
    rates = return_rates(returns, demand, on)
    landed = returns.filter((pl.col("date") < on) & (pl.col("date") >= on - timedelta(days=364)))
    share = np.zeros((len(skus), len(nodes)))
    for sku, node, units in landed.group_by("sku", "node").agg(pl.col("units").sum()).iter_rows():
        if sku in skus and node in nodes:
            share[skus[sku], nodes[node]] += units
    total = share.sum(axis=1, keepdims=True)
    share = np.divide(share, total, out=np.zeros_like(share), where=total > 0)
    lag = int(rates["lag_days"][0])
    sold = np.zeros((len(skus), days))
    recent = demand.filter((pl.col("date") >= on - timedelta(days=lag)) & (pl.col("date") < on))
    for sku, day, units in recent.group_by("sku", "date").agg(pl.col("units").sum()).iter_rows():
        t = (day - on).days + lag
        if sku in skus and 0 <= t < days:
            sold[skus[sku], t] = units
    rate = np.zeros(len(skus))
    for sku, said in rates.select("sku", "rate").iter_rows():
        if sku in skus:
            rate[skus[sku]] = said
    expected = (sold * rate[:, None])[:, None, :] * share[:, :, None]
    whole = np.floor(np.cumsum(expected, axis=2) + 0.5).astype(np.int64)
    return np.diff(whole, axis=2, prepend=0)
