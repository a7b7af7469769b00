"""A company as it stands: the snapshots that are current, and the network they describe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from evenstock.operations.network import HAPPENING_TABLES, Network
from evenstock.operations.ports import Snapshots, Store, StoreError
from evenstock.routing.network import ShippingNetwork


class NothingImportedError(StoreError):
    """There is no network yet."""


@dataclass(frozen=True)
class Company:
    """What every command needs to know before it decides anything."""

    digests: Mapping[str, str]
    """Current snapshot by name: network, and each table of what happens (stock, orders, demand, promotions, ...)."""
    tables: Mapping[str, pl.DataFrame]
    """The network's own tables."""
    network: Network
    snapshots: Snapshots

    @classmethod
    def load(cls, store: Store, snapshots: Snapshots) -> Company:
        """Read what is current.

        Raises
        ------
        NothingImportedError
            If no network was imported.
        """
        with store.transaction() as books:
            digests = {name: said for name in ("network", *HAPPENING_TABLES) if (said := books.pointer(name))}
        if "network" not in digests:
            raise NothingImportedError(
                "no network yet: run `evenstock import FOLDER`, or `evenstock demo` to look around"
            )
        frames = snapshots.read(digests["network"])
        return cls(digests, frames, Network.from_frames(frames), snapshots)

    @property
    def shipping(self) -> ShippingNetwork:
        """The network made ready for routing.

        Raises
        ------
        ValueError
            If it has no rate cards.
        """
        return self.network.shipping(self.digests["network"])

    def table(self, name: str) -> pl.DataFrame | None:
        """A table of what happens (`operations.network.HAPPENING_TABLES`) as last imported; None if there is none."""
        digest = self.digests.get(name)
        return self.snapshots.read(digest)[name] if digest else None
