"""A company as it stands: the snapshots that are current, and the network they describe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Final

import polars as pl

from evenstock.operations.autonomy.keeping import stages_in_force
from evenstock.operations.autonomy.stages import EVERYWHERE
from evenstock.operations.carrier_overrides.in_force import overrides_in_force, with_overrides
from evenstock.operations.carrier_overrides.keeping import POINTER as FAILING
from evenstock.operations.cost_book import POINTER as COSTS
from evenstock.operations.cost_book import amounts_digest, costs_in_force, with_costs
from evenstock.operations.knowledge import expected_sales, knowledge_in_force
from evenstock.operations.lane_freight import network_with_freight
from evenstock.operations.network import HAPPENING_TABLES, Network
from evenstock.operations.ports import Snapshots, Store, StoreError
from evenstock.operations.rates.in_force import POINTER as RATES
from evenstock.operations.rates.in_force import imported_rates, with_rates
from evenstock.operations.replaying.company_then import Origin, noting_pointers
from evenstock.operations.rulebook import rules_in_force
from evenstock.operations.stale_feeds import feeds_of
from evenstock.operations.transit_in_force import current_transit, with_learned
from evenstock.routing.knowledge import NOTHING, Knowledge
from evenstock.routing.network import ShippingNetwork

OVERRIDES: Final = "planner overrides"
"""Pointer of the overrides said here, beside the table that may be imported."""


COVERING: Final = 0.5
"""Share of the items that a lane's cost by pallet surely covers: with all of them, most plans are priced far above the contract."""


class NothingImportedError(StoreError):
    """There is no network yet."""


@dataclass(frozen=True)
class Company:
    """What every command needs to know before it decides anything."""

    digests: Mapping[str, str]
    """Current snapshot by name: network, each table of what happens (stock, orders, demand, promotions, ...), the overrides
    said here, rates taken in since the network, learned transit times where they are in force, costs set here, and rules where
    a version was activated here."""
    tables: Mapping[str, pl.DataFrame]
    """The network's own tables, as imported, with the rates in force in place of those it brought."""
    network: Network
    snapshots: Snapshots
    known: Knowledge = NOTHING
    """What decisions of the day know beyond it: doubt about shelves, scenarios of prices, the gate."""
    origin: Origin | None = None
    """Every version that it was loaded from, by which it can be loaded again later."""

    @classmethod
    def load(cls, store: Store, snapshots: Snapshots, on: date | None = None) -> Company:
        """Read what is current.

        Parameters
        ----------
        on
            The day to decide for: transit times that were learned by then and are fresh take the place of those imported.
            Without it, imported ones hold.

        Raises
        ------
        NothingImportedError
            If no network was imported.
        """
        seen: dict[str, str] = {}
        with store.transaction() as opened:
            books = noting_pointers(opened, seen)
            names = ("network", *HAPPENING_TABLES, OVERRIDES)
            digests = {name: said for name in names if (said := books.pointer(name))}
            learned = current_transit(books, snapshots, on) if on is not None else None
            rules = rules_in_force(books, snapshots)
            rates = imported_rates(books, snapshots)
            slowed = overrides_in_force(books, snapshots, on) if on is not None else None
            staged = stages_in_force(books, snapshots)
            weights = costs_in_force(books, snapshots)
        if "network" not in digests:
            raise NothingImportedError(
                "no network yet: run `evenstock import FOLDER`, or `evenstock demo` to look around"
            )
        frames = with_costs(with_rates(snapshots.read(digests["network"]), rates), weights)
        if rates is not None:
            digests[RATES] = rates.digest
        if learned is not None:
            digests["transit"] = learned.digest
        if weights is not None and weights.amounts:
            digests[COSTS] = amounts_digest(weights)
        if rules is not None:
            digests["rules"] = rules.kept
        if slowed is not None:
            digests[FAILING] = slowed.digest
        known = with_overrides(with_learned(frames, learned), slowed)
        network = Network.from_frames(known, rules.policy if rules else None)
        # What asks the policy who may act hears of the stages too; halts are read anew by whoever decides.
        network.policy.staged = staged if staged != EVERYWHERE else None
        if on is not None:
            network = _with_contracts(network, known, on)
        loaded = cls(digests, frames, network, snapshots)
        if on is None or network.rates is None:
            return replace(loaded, origin=Origin.of(seen, on))
        feeds = feeds_of(loaded.table("sources"), loaded.table("observations"))
        with store.reading() as opened:
            books = noting_pointers(opened, seen)
            end = datetime.combine(on, time.max, UTC)
            known_now = knowledge_in_force(books, snapshots, loaded.shipping, end)
            sales = expected_sales(books, snapshots, feeds)
        known_now = replace(known_now, feeds=feeds, sales=sales) if feeds else known_now
        return replace(loaded, known=known_now, origin=Origin.of(seen, on))

    @property
    def shipping(self) -> ShippingNetwork:
        """The network made ready for routing, under the digest of its snapshot (and, each after a plus, of rates taken in,
        of learned transit times, of carrier overrides and of costs set here).

        Raises
        ------
        ValueError
            If it has no rate cards.
        """
        made = self.network.shipping(
            "+".join(
                self.digests[name] for name in ("network", RATES, "transit", FAILING, COSTS) if name in self.digests
            )
        )
        made.known = self.known
        made.origin = self.origin
        return made

    def table(self, name: str) -> pl.DataFrame | None:
        """A table of what happens (`operations.network.HAPPENING_TABLES`) as last imported; None if there is none."""
        digest = self.digests.get(name)
        return self.snapshots.read(digest)[name] if digest else None


def _with_contracts(network: Network, frames: Mapping[str, pl.DataFrame], on: date) -> Network:
    """Lanes at the cost of their contracts on the day; where a contract cannot price one, all keep the costs they state."""
    try:
        found, priced = network_with_freight(network, frames, on, covering=COVERING)
    except ValueError as error:
        return replace(network, lane_notes=(f"lanes keep the costs that the table lanes states: {error}",))
    return replace(found, lane_notes=priced.said)
