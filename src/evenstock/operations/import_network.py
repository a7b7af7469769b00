"""Takes a company's tables in: snapshots of what is, opening balances or counts in the books, one event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import polars as pl

from evenstock.domain import Event, LotId, NodeId, Quota, Sku, Units, rfc3339
from evenstock.operations.audit.enacted import say_enacted
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.count_stock import Counted, count_stock, observations_of
from evenstock.operations.lane_freight import FreightContracts
from evenstock.operations.network import (
    HAPPENING_TABLES,
    NETWORK_TABLES,
    Network,
    policy_from_frames,
    prices_from_frame,
)
from evenstock.operations.open_balances import open_balances
from evenstock.operations.ports import Snapshots, Store, Transaction
from evenstock.operations.rates.in_force import imported_rates, with_rates
from evenstock.operations.rulebook import compile_with, rules_in_force

_MOST_SHOWN: Final = 5
SOURCE: Final = "import"
"""Source of the counts that a later stock file states."""
_PARTS: Final[dict[str, tuple[str, ...]]] = {"network": NETWORK_TABLES} | {name: (name,) for name in HAPPENING_TABLES}
"""Pointers and the tables behind each, so that a new day of demand does not make a new network."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    snapshots: dict[str, str]
    """Digest by pointer (network, stock, orders, demand, promotions, ...); only those that the tables gave."""
    changed: tuple[str, ...]
    """Pointers that mean something else now; empty when the same tables came again."""
    opened: int = 0
    """Movements by which the books were opened, now or when these tables first came."""
    counted: Counted | None = None
    """What a stock file changed in books that were open already."""
    notes: tuple[str, ...] = ()
    kept: tuple[str, ...] = field(default=())
    """Pointers that the tables do not speak of, and that stay as they are."""


def import_network(store: Store, snapshots: Snapshots, frames: Mapping[str, pl.DataFrame], now: datetime) -> Imported:
    """Take tables in that the import has checked; the same tables again change nothing.

    The first stock file opens the books; a later one is a count at the time it was observed. Stock is posted before
    the pointers are set, each step can be repeated, and so an import that was cut short is finished by importing again.

    Parameters
    ----------
    frames : tables by name, with the columns and types of `tables.INPUT`.

    Raises
    ------
    ValueError
        If rules or rates cannot be used, or if the books hold units of an item or at a node that the tables no longer
        have. Nothing is written then.
    """
    with store.reading() as books:
        rates = imported_rates(books, snapshots)
    # Rates taken in since stay over the network's own: the two must be usable together.
    known = with_rates(frames, rates)
    network = Network.from_frames(known)
    FreightContracts.from_frames(known)
    with store.transaction() as t:
        _refuse_lost_places(t, network)
        before = t.pointer("stock")
    digests = {
        name: snapshots.take({table: frames[table] for table in part if table in frames})
        for name, part in _PARTS.items()
        if any(table in frames for table in part)
    }
    opened, counted = 0, None
    if "stock" in digests:
        if before is None or _opened_by(store, digests["stock"]):
            opened = open_balances(store, frames["stock"], digests["stock"], now)
        elif before != digests["stock"]:
            rules = _rules(store, snapshots, known, network)
            counted = count_stock(store, observations_of(frames["stock"], SOURCE), now, rules=rules)
    with store.transaction() as t:
        changed = tuple(name for name, digest in digests.items() if t.pointer(name) != digest)
        for name in changed:
            t.point(name, digests[name], now)
        if "network" in changed:
            _say_which_rules(t, snapshots, known, network)
        if "stock" in changed and counted is not None:
            _set_buffers(t, frames["stock"])
        if "quotas" in changed:
            _set_quotas(t, frames["quotas"], network.items)
        if "prices" in frames:
            t.put_prices(list(prices_from_frame(frames["prices"])))
        if changed:
            t.publish([_event(digests, changed, now)])
        kept = tuple(name for name in _PARTS if name not in digests and t.pointer(name) is not None)
    notes = network.rates.notes if network.rates else ("no rate cards: nothing can be shipped by parcel",)
    held = counted.held if counted is not None else ()
    return Imported(digests, changed, opened, counted, (*notes, *_shown(held)), kept)


def _rules(store: Store, snapshots: Snapshots, frames: Mapping[str, pl.DataFrame], network: Network) -> Governance:
    """What a later stock file is asked under: the version in force, or the rules that the tables bring."""
    with store.reading() as books:
        version = rules_in_force(books, snapshots)
    return Governance(compile_with(version.policy, frames) if version is not None else network.policy)


def _shown(held: Sequence[str]) -> tuple[str, ...]:
    more = f"{len(held) - _MOST_SHOWN:,} more counts did not take effect"
    return (*held[:_MOST_SHOWN], *([more] if len(held) > _MOST_SHOWN else []))


def _say_which_rules(
    t: Transaction, snapshots: Snapshots, frames: Mapping[str, pl.DataFrame], network: Network
) -> None:
    """Another network may bring other rules, and other places for those in force."""
    version = rules_in_force(t, snapshots)
    meant = version.policy if version is not None else policy_from_frames(frames)
    countries: dict[str, str] = {node.id: node.country for node in network.nodes.values()}
    say_enacted(t, meant, version.id if version is not None else "", countries)


def _opened_by(store: Store, digest: str) -> bool:
    with store.transaction() as t:
        return t.pointer("opening") == digest


def _refuse_lost_places(t: Transaction, network: Network) -> None:
    """Units in the books belong to an item and a node that are still there: history is switched off, never dropped."""
    units = pl.sum_horizontal("available", "reserved", "allocated", "held", "in_transit")
    held = t.balance_frame().with_columns(units=units).filter(pl.col("units") > 0)
    for column, known, advice in (
        ("node", set(network.nodes), "keep its row in nodes and set active to false"),
        ("sku", set(network.items), "keep its row in items"),
    ):
        lost = (
            held.filter(~pl.col(column).is_in(sorted(known))).group_by(column).agg(pl.col("units").sum()).sort(column)
        )
        if lost.height:
            first = ", ".join(f"{name} ({n:,} units)" for name, n in lost.select(column, "units").head(5).iter_rows())
            more = f" and {lost.height - 5:,} more" if lost.height > 5 else ""
            raise ValueError(
                f"the books hold units of {column} {first}{more}, which the tables no longer have; {advice}"
            )


def _set_buffers(t: Transaction, stock: pl.DataFrame) -> None:
    for row in stock.iter_rows(named=True):
        t.set_buffer(Sku(row["sku"]), NodeId(row["node"]), Units(row["buffer"]), LotId(row["lot"]))


def _set_quotas(t: Transaction, frame: pl.DataFrame, items: Iterable[Sku]) -> None:
    """Protect what the table says; of what it no longer names nothing more is protected than was taken."""
    said = {
        (Sku(sku), NodeId(node), order_class): Units(units)
        for sku, node, order_class, units in frame.select("sku", "node", "order_class", "units").iter_rows()
    }
    there = {(q.sku, q.node, q.order_class): q.taken for q in t.quotas(sorted(items))}
    dropped = [Quota(*key, taken, taken) for key, taken in there.items() if key not in said]
    t.set_quotas([*dropped, *(Quota(*key, units) for key, units in said.items())])


def _event(digests: Mapping[str, str], changed: tuple[str, ...], now: datetime) -> Event:
    body = {name: digests[name] for name in changed}
    name = f"imported:{rfc3339(now)}:{'+'.join(d.removeprefix('sha256:')[:12] for d in body.values())}"
    return Event(name, "NetworkImported", "network", now, body)
