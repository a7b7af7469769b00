"""What overrides that price a failing carrier make of transit times and losses while they are in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final

import polars as pl

from evenstock.freight.failing.now import SHARES
from evenstock.freight.zones import area
from evenstock.operations.carrier_overrides.keeping import POINTER, kept_at, state_of
from evenstock.operations.carrier_overrides.proposal import Form, Standing, State, places
from evenstock.operations.ports import Snapshots, Transaction
from evenstock.routing.knowledge import share_of_lane

MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Slowed:
    """Lanes of services that fail, as they are expected to be."""

    shares: pl.DataFrame
    """Columns of `freight.failing.now.SHARES`; origins are nodes."""
    harm_millionths: Mapping[tuple[str, str, str], int]
    """P(lost or damaged) beyond what is usual, by service, node and destination area."""
    digest: str = ""
    said: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """By service, a sentence for each override that prices one of its lanes."""


def overrides_in_force(books: Transaction, snapshots: Snapshots, on: date) -> Slowed | None:
    """What is in force on a day; None where nothing is. What was adopted after the day is not known on it."""
    seen = books.pointer(POINTER)
    if seen is None:
        return None
    kept = kept_at(snapshots, seen)
    states = [state_of(proposal, kept, on) for proposal in kept.proposals if proposal.form is Form.PRICE]
    standing = {
        one.proposal.id: one
        for one in states
        if one.state is State.ADOPTED and one.valid_from is not None and one.valid_from <= on
    }
    now = list(standing)
    if not now:
        return None
    lanes = ["service", "origin", "destination"]
    # Of two that speak of one lane the later counts.
    rank = {name: k for k, name in enumerate(now)}
    shares = kept.shares.filter(pl.col("override").is_in(now)).with_columns(
        rank=pl.col("override").replace_strict(rank, return_dtype=pl.Int64)
    )
    shares = shares.filter(pl.col("rank") == pl.col("rank").max().over(lanes))
    harm: dict[tuple[str, str, str], int] = {}
    for name in now:
        of = kept.harm.filter(pl.col("override") == name)
        harm |= {(a, b, c): n for a, b, c, n in of.select(*lanes, "millionths").iter_rows()}
    said: dict[str, tuple[str, ...]] = {}
    for service, name, _ in shares.select("service", "override", "rank").unique().sort("service", "rank").iter_rows():
        said[service] = (*said.get(service, ()), sentence_of(standing[name]))
    return Slowed(shares.select(*SHARES), harm, seen, said)


def sentence_of(one: Standing) -> str:
    """What an override in force prices, until when and on whose word, as a decision says it."""
    f = one.proposal.failing
    return (
        f"usual days and losses of {f.name} from {f.origin} to {places(f)}: carrier override {one.proposal.id} prices what"
        f" is now to be expected instead, from {one.valid_from} to {one.valid_to}, adopted by {one.by}"
    )


def with_overrides(frames: Mapping[str, pl.DataFrame], slowed: Slowed | None) -> dict[str, pl.DataFrame]:
    """The network's tables with these lanes in place of what was imported or learned of them."""
    found = dict(frames)
    if slowed is None or "nodes" not in frames or "rate_cards" not in frames:
        return found
    docks = {node: area(postal) for node, postal in frames["nodes"].select("node", "postal_code").iter_rows()}
    offered = frames["rate_cards"]["service"].unique()
    shares = slowed.shares.filter(
        pl.col("origin").is_in(list(docks)) & pl.col("service").is_in(offered.implode())
    ).with_columns(pl.col("origin").replace_strict(docks, return_dtype=pl.String))
    others = frames.get("transit_lanes")
    if others is not None and others.height:
        if "weekday" not in others.columns:
            others = pl.concat([others.with_columns(weekday=pl.lit(day, dtype=pl.Int64)) for day in range(7)])
        lanes = ["service", "origin", "destination"]
        others = others.select(*SHARES).cast(shares.schema).join(shares.select(lanes).unique(), on=lanes, how="anti")
        shares = pl.concat([others, shares])
    found["transit_lanes"] = shares
    return found


def harm_with(
    usual: Mapping[tuple[str, str, str], int], slowed: Slowed | None, docks: Mapping[str, str]
) -> dict[tuple[str, str, str], int]:
    """P(lost or damaged) by service and postal areas, with what these lanes add to it.

    Parameters
    ----------
    docks
        Postal code by node.
    """
    found = dict(usual)
    if slowed is None:
        return found
    for (service, node, place), more in slowed.harm_millionths.items():
        here = area(docks.get(node, node))
        found[service, here, place] = min(share_of_lane(usual, service, here, place) + more, MILLION)
    return found
