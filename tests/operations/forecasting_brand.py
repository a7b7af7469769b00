"""A brand with steady demand, whose days can go by: what forecasts, champions and watches are tested on."""

import datetime as dt

import numpy as np
import polars as pl

from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

FIRST = dt.date(2026, 1, 5)
DAYS = 260
NODES = ("NJ", "NV", "TX")
SKUS = 200


def night(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(2), dt.UTC)


def demand(seed: int = 1, days: int = DAYS, skus: int = SKUS) -> pl.DataFrame:
    """Gamma-Poisson days with a week: means around 2, dispersion 0.2, levels that stay."""
    rng = np.random.default_rng(seed)
    mean = np.exp(rng.normal(0.6, 0.7, (skus * len(NODES), 1)))
    week = np.resize([0.8, 0.8, 0.9, 1.0, 1.1, 1.3, 1.1], days)
    units = rng.poisson(mean * week * rng.gamma(5.0, 0.2, (mean.size, days)))
    keys = [(f"S{k:03}", node) for k in range(skus) for node in NODES]
    return pl.DataFrame(
        {
            "date": pl.Series([FIRST + dt.timedelta(days=d) for d in range(days)] * len(keys), dtype=pl.Date),
            "sku": [sku for sku, _ in keys for _ in range(days)],
            "node": [node for _, node in keys for _ in range(days)],
            "units": units.ravel(),
        }
    ).filter(pl.col("units") > 0)


class Brand:
    """Its books, and its demand as far as it has been imported."""

    def __init__(self, folder, frame: pl.DataFrame, until: dt.date) -> None:
        self.store, self.snapshots, self.whole = MemoryStore(), SnapshotFolder(folder), frame
        skus = frame["sku"].unique().sort()
        self.frames = {
            "nodes": pl.DataFrame(
                {"node": NODES, "kind": "own", "postal_code": "75201", "timezone": "America/Chicago"}
            ),
            "items": pl.DataFrame(
                {"sku": skus, "category": "mugs", "weight_g": 350, "unit_cost_cents": 200, "price_cents": 999}
            ),
            "stock": pl.DataFrame(
                {"sku": skus[:1], "node": NODES[:1], "lot": "", "on_hand": [5], "held": [0], "buffer": [0]}
            ).with_columns(observed_at=pl.lit(night(FIRST))),
        }
        self.go_to(until)

    def go_to(self, until: dt.date, **more: pl.DataFrame) -> Company:
        """Import the demand before `until`, as every night does."""
        known = self.whole.filter(pl.col("date") < until)
        import_network(self.store, self.snapshots, self.frames | {"demand": known} | more, night(until))
        self.company = Company.load(self.store, self.snapshots)
        self.today = until
        return self.company

    def again(self) -> "Brand":
        """The same company with the same pointers in books of its own, over the same snapshots; what was told is forgotten."""
        twin = object.__new__(Brand)
        twin.__dict__ |= self.__dict__ | {"store": MemoryStore()}
        with twin.store.transaction() as t:
            for name, digest in self.store._books.pointers.items():
                t.point(name, digest, night(self.today))
        return twin

    @property
    def books(self) -> tuple[MemoryStore, SnapshotFolder]:
        return self.store, self.snapshots

    def facts(self, kind: str) -> list[dict]:
        with self.store.transaction() as t:
            return [event.body for event in t.outbox(10_000) if event.kind == kind]

    def pointer(self, name: str) -> str | None:
        with self.store.transaction() as t:
            return t.pointer(name)
