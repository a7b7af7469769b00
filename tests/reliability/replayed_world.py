"""A company's books in which decisions of every kind were recorded, for whoever decides them again.

Waves of orders over the example brand, each wave with other versions of something: costs that try services, substitutes,
feeds that fall silent, ceilings, envelopes, stages. Between waves shelves, buffers, prices and quotas change, nodes go down,
people accept and override, others are faster. All of it follows from the seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, cast

import polars as pl

from evenstock.connectors.files import read_folder
from evenstock.domain import (
    CapacityPrice,
    CaseKind,
    CaseState,
    Cents,
    LineId,
    LotId,
    NodeId,
    Order,
    OrderId,
    OrderLine,
    Price,
    Promise,
    Quota,
    ShipTo,
    Sku,
    StockObservation,
    Units,
)
from evenstock.operations.company import Company
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.decisions import decision_from
from evenstock.operations.exceptions.node_down import NodeDown, node_down
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import ConflictError, Short, Store, Transaction
from evenstock.operations.queue import accept, override
from evenstock.operations.reoptimise import reoptimise
from evenstock.operations.replaying.replay_one import CompanyThen
from evenstock.operations.reroute import Reroute, reroute
from evenstock.operations.roll_out import roll_out_in_force, set_roll_out
from evenstock.operations.route_order import route_order
from evenstock.operations.route_pool import route_pool
from evenstock.operations.route_together import Wish, route_together
from evenstock.operations.run_due import Workplace, run_due
from evenstock.operations.substitution import allowed_substitutes
from evenstock.storage.snapshots import SnapshotFolder

EXAMPLE = Path(__file__).parents[2] / "examples" / "dtc-3-node"
OPENS = datetime(2026, 11, 23, 14, tzinfo=UTC)
NODES = ("CA-3PL", "PA-3PL", "TX-DC")
WAVES = ("plain", "tries", "capped", "governed", "watched")


def live(store: Store, folder: SnapshotFolder, orders: int, seed: int = 1) -> Counter[str]:
    """Live through so many orders; counts the recorded decisions by kind."""
    brand = read_folder(EXAMPLE).frames
    world = _World(store, folder, brand, Random(seed))
    a_wave = -(-orders // len(WAVES))
    for number, wave in enumerate(WAVES):
        world.open(wave, OPENS + timedelta(hours=3 * number))
        world.route(min(a_wave, orders - number * a_wave))
        world.happen()
    return kinds(store)


def kinds(store: Store) -> Counter[str]:
    """What kinds of decisions the books hold."""
    found: Counter[str] = Counter()
    after = ""
    while True:
        with store.reading() as books:
            records = books.decisions(500, after)
        if not records:
            return found
        for text in records:
            record = decision_from(text)
            after = record.id
            said = record.sentence
            found[record.outcome.value] += 1
            found["substitute"] += " in place of " in said
            found["others were faster"] += "others were faster" in said
            found["together"] += "ecided together" in said
            found["tried"] += record.propensity is not None and record.propensity.extra_cents > 0
            found["accepted"] += said.startswith("The plan of ") and "accepted it" in said
            found["deadline"] += said.startswith("The plan of ") and "nobody answered" in said
            found["overridden"] += " overrode " in said
            found["silent feed"] += any("last heard of" in one for one in record.inputs.warnings)
            found["closed"] += any("reported as down" in one.because for one in record.barred)


class _World:
    def __init__(self, store: Store, snapshots: SnapshotFolder, brand: dict[str, pl.DataFrame], lot: Random) -> None:
        self.store, self.snapshots, self.brand, self.lot = store, snapshots, brand, lot
        self.skus = sorted(brand["items"]["sku"])
        self.codes = sorted(set(brand["orders"]["postal_code"]))
        self.version, self.number, self.now = 0, 0, OPENS
        self.wave = ""

    # --- versions ----------------------------------------------------------------------------------------------------
    def open(self, wave: str, now: datetime) -> None:
        """Import the brand as it is in this wave, fill its shelves, and load it as a service would."""
        self.wave, self.now = wave, now
        frames = {**self.brand, "rules": _rules(self.brand["rules"], wave), "substitutes": self._substitutes()}
        if wave == "tries":
            frames["costs"] = _costs(self.brand["costs"], explore_share_bp=5_000, explore_within_cents=3_000, explore_week_cents=20_000)  # fmt: skip
        if wave == "capped":
            frames["nodes"] = self.brand["nodes"].with_columns(
                orders_per_day=pl.when(pl.col("node") == "TX-DC").then(30).otherwise(pl.col("orders_per_day"))
            )
        if wave == "watched":
            heard = now - timedelta(hours=9)
            frames["sources"] = pl.DataFrame({"source": ["wms"], "kind": ["wms"], "every_minutes": [60]})
            frames["observations"] = pl.DataFrame(
                {"source": ["wms"], "sku": [self.skus[0]], "node": ["TX-DC"], "lot": [""], "observed_at": [heard], "units": [5]}
            )  # fmt: skip
        import_network(self.store, self.snapshots, frames, now)
        self.fill()
        if wave == "governed":
            set_roll_out(
                self.store, self.snapshots, live=True, by="ana", because="a part first", now=now, share_bp=8_000, force=True
            )  # fmt: skip
        company = Company.load(self.store, self.snapshots, now.date())
        with self.store.reading() as books:
            stage = roll_out_in_force(books, self.snapshots)
        self.here = CompanyThen(
            company.shipping, company.network.policy, stage, allowed_substitutes(company.table("substitutes"))
        )

    def _substitutes(self) -> pl.DataFrame:
        others = self.skus[1:] + self.skus[:1]
        return pl.DataFrame(
            {
                "sku": self.skus,
                "substitute": others,
                "share": [0.8] * len(self.skus),
                "allowed": [True] * len(self.skus),
            }
        )

    def fill(self) -> None:
        """Every shelf but those of one item in ten, which nobody has."""
        with self.store.transaction() as books:
            for n, sku in enumerate(self.skus):
                for node in NODES:
                    units = 0 if n % 10 == 7 else self.lot.choice((2, 400, 400, 400, 400))
                    self._count(books, sku, node, units)
                    books.set_buffer(Sku(sku), NodeId(node), Units(self.lot.choice((0, 0, 1, 3))))
            made = self.now - timedelta(hours=1)
            books.put_prices(
                [
                    Price(Sku(sku), NodeId(node), made, "nightly", Cents(self.lot.randrange(0, 400)))
                    for sku in self.skus
                    for node in NODES
                ]
            )
            tomorrow = (self.now + timedelta(days=1)).date()
            books.put_capacity_prices(
                [CapacityPrice("node", "TX-DC", day, made, "nightly", Cents(40)) for day in (self.now.date(), tomorrow)]
            )

    def _count(self, books: Transaction, sku: str, node: str, units: int) -> None:
        self.version += 1
        said = StockObservation("count", Sku(sku), NodeId(node), Units(units), self.now, self.version, LotId(""))
        books.adjust_on_hand(said, "counted", self.now)

    # --- orders ------------------------------------------------------------------------------------------------------
    def order(self, wanted: Sequence[str] = ()) -> Order:
        self.number += 1
        lines = tuple(
            OrderLine(LineId(str(k)), Sku(sku), Units(self.lot.choice((1, 1, 1, 2, 3))), Cents(2_500))
            for k, sku in enumerate(wanted or self.lot.sample(self.skus, self.lot.choice((1, 1, 2, 3))))
        )
        promise = Promise(self.now.date() + timedelta(days=self.lot.choice((2, 4, 6))), 0.93)
        return Order(
            OrderId(f"{self.wave}-İı-{self.number}"),
            lines,
            ShipTo(self.lot.choice(self.codes), "US", self.lot.random() < 0.7),
            self.now - timedelta(minutes=self.lot.randrange(60)),
            promise if self.lot.random() < 0.5 else None,
            self.lot.choice(("standard", "vip")),
            "shop",
        )

    def route(self, count: int) -> None:
        """Alone, together, as a pool, in shadow, with proof, and with others who are faster."""
        done = 0
        while done < count:
            self.now += timedelta(seconds=self.lot.randrange(1, 20))
            way = self.lot.random()
            if way < 0.2:
                done += self._together(min(8, count - done))
            elif way < 0.3:
                done += self._pool(min(6, count - done))
            else:
                done += self._alone(way)
            if self.number % 200 == 0:
                self.fill()

    def _alone(self, way: float) -> int:
        here, order = self.here, self.order()
        store = cast("Store", Crowded(self.store, self.lot)) if 0.5 <= way < 0.7 else self.store
        wish = RouteOrder(order, self.now, shadow=0.7 <= way < 0.76, prove=0.76 <= way < 0.79)
        route_order(store, here.shipping, here.policy, wish, stage=here.stage, substitutes=here.substitutes)
        return 1

    def _together(self, count: int) -> int:
        here = self.here
        wishes = [Wish(RouteOrder(self.order(), self.now)) for _ in range(count)]
        told = route_together(
            self.store, here.shipping, here.policy, wishes, stage=here.stage, substitutes=here.substitutes
        )
        for wish, one in zip(wishes, told, strict=True):
            if one is None:
                route_order(
                    self.store, here.shipping, here.policy, wish.command, stage=here.stage, substitutes=here.substitutes
                )
        return count

    def _pool(self, count: int) -> int:
        here = self.here
        # They want the same few units: some must do with what the others leave.
        scarce = self.lot.choice(self.skus)
        with self.store.transaction() as books:
            for node, units in zip(NODES, (1, 2, 2), strict=True):
                self._count(books, scarce, node, units)
                books.set_buffer(Sku(scarce), NodeId(node), Units(0))
        orders = [self.order((scarce,)) for _ in range(count)]
        route_pool(
            self.store, here.shipping, here.policy, orders, self.now, stage=here.stage, substitutes=here.substitutes
        )
        return count

    # --- what comes after ----------------------------------------------------------------------------------------------
    def happen(self) -> None:
        here, store = self.here, self.store
        self.now += timedelta(minutes=20)
        with store.transaction() as books:
            reviews = books.cases(CaseState.OPEN, CaseKind.REVIEW)
            soft = sorted({held.order for held in books.pending()})
            books.set_quotas([Quota(Sku(self.skus[3]), NodeId("TX-DC"), "vip", Units(5))])
        for number, case in enumerate(reviews[:60]):
            self.now += timedelta(seconds=1)
            if number % 3 == 0:
                accept(store, case.id, "ana", self.now, "it is fine")
            elif number % 3 == 1:
                nodes = {node for node in NODES if self.lot.random() < 0.6}
                override(store, here.shipping, here.policy, case.id, "Öykü", "the customer asked", self.now, nodes=nodes or NODES)  # fmt: skip
        for order in self.lot.sample(soft, min(15, len(soft))):
            self.now += timedelta(seconds=1)
            node = NodeId(self.lot.choice(NODES))
            try:
                reroute(store, here.shipping, here.policy, Reroute(order, self.now, f"{node} asked", frozenset({node})))
            except ConflictError:
                continue
        self.fill()
        reoptimise(store, here.shipping, here.policy, self.now, limit=30)
        node_down(store, here.shipping, here.policy, NodeDown(f"down-{self.wave}", NodeId("CA-3PL"), self.now + timedelta(minutes=90), "the power is out", self.now))  # fmt: skip
        self._together(4)
        self._alone(0.9)
        self.now += timedelta(hours=5)
        run_due(Workplace(store, here.shipping, here.policy), self.now)


def _rules(frame: pl.DataFrame, wave: str) -> pl.DataFrame:
    """The brand's rules, some plans for a person, and envelopes where software is governed."""
    more = [("look at it", "review_above", "role=operations lead;plan_cost_cents=2200", "Dear plans are looked at")]
    if wave == "governed":
        more += [
            ("cheap alone", "automatic", "actions=route,split;max_value_cents=9000", "Small orders ship alone"),
            (
                "nothing to the cold",
                "refuse",
                "actions=route;at_nodes=PA-3PL;above_value_cents=12000",
                "Not from there",
            ),
        ]
    rows = [
        {"rule": name, "kind": kind, "parameters": said, "hard": True, "because": because}
        for name, kind, said, because in more
    ]
    return pl.concat([frame, pl.DataFrame(rows, schema_overrides={"hard": pl.Boolean})], how="diagonal_relaxed")


def _costs(frame: pl.DataFrame, **amounts: int) -> pl.DataFrame:
    rows = [{"cost": name, "amount": amount, "because": "a test"} for name, amount in amounts.items()]
    more = pl.DataFrame(rows).with_columns(pl.col("cost").cast(frame.schema["cost"]))
    return pl.concat([frame, more], how="diagonal_relaxed")


class Crowded:
    """Books at which others are faster now and then."""

    def __init__(self, store: Store, lot: Random) -> None:
        self._store, self._lot = store, lot

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._store.transaction() as books:
            yield cast("Transaction", _CrowdedBooks(books, self._lot))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _CrowdedBooks:
    def __init__(self, books: Transaction, lot: Random) -> None:
        self._books, self._lot = books, lot

    def __getattr__(self, name: str) -> Any:
        return getattr(self._books, name)

    def reserve(self, reservation: Any, slots: Any = (), **options: Any) -> Short | None:
        if self._lot.random() < 0.6:
            line = reservation.lines[0]
            return Short(line.sku, line.node, line.units, f"{line.node} has 0 of {line.sku}")
        return self._books.reserve(reservation, slots, **options)
