"""The Brunel day as a network: plants, customers, lanes and rules, in evenstock's own words.

What the files mean (Dzalbs and Kalganova 2020, "Accelerating supply chains with Ant Colony Optimization", IEEE Access 8):
an order costs its quantity times the plant's cost per unit, plus freight from the plant's port to PORT09. By air freight
is the weight times the rate of its weight break, at least the minimum. By ground the rate is the price of a truck, which
orders share by weight; here each order is charged the truck alone, which is never too little. CRF orders travel at the
customer's own cost. Weights are taken to the whole gram.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl

from evenstock import policy
from evenstock.domain import (
    Candidate,
    Grams,
    Item,
    LineId,
    Node,
    NodeId,
    NodeKind,
    Order,
    OrderId,
    OrderLine,
    Policy,
    Promise,
    Rule,
    ServiceId,
    ShipTo,
    Sku,
    Units,
)
from evenstock.freight.ladder import Ladder
from evenstock.freight.rates import RateBook
from evenstock.routing.parcels import ParcelSteps
from evenstock.routing.priced import Ladders

DAY = date(2013, 5, 26)
OWN_FREIGHT = ServiceId("crf:own")


def half_up(cents: pl.Expr) -> pl.Expr:
    """Whole cents, halves up."""
    return (cents + 0.5).floor().cast(pl.Int64)


@dataclass(frozen=True, slots=True)
class Files:
    """The seven files, cleaned of what no rule could use."""

    orders: pl.DataFrame
    """order, customer, sku, level, plant, carrier, port, tpt, quantity, kg, grams: one row an order, in file order."""
    rates: pl.DataFrame
    """service, port, level, carrier, tpt, ground, low, high, minimum, rate: the distinct rows."""
    ports: pl.DataFrame
    makes: pl.DataFrame
    vendor: pl.DataFrame
    plants: pl.DataFrame
    """plant, ceiling, unit_cost: the 19 plants."""


def read(folder: Path) -> Files:
    table = {path.stem: pl.read_parquet(path) for path in folder.glob("*.parquet")}
    kg = pl.col("Weight")
    orders = table["OrderList"].select(
        order=pl.int_range(pl.len()),
        customer="Customer",
        sku=pl.col("Product ID").cast(pl.String),
        level="Service Level",
        plant="Plant Code",
        carrier="Carrier",
        port="Origin Port",
        tpt="TPT",
        quantity="Unit quantity",
        kg=kg,
        grams=(kg * 1000).round().cast(pl.Int64),
    )
    mode = pl.col("mode_dsc").str.strip_chars()
    rates = (
        table["FreightRates"]
        .unique(maintain_order=True)
        .select(
            service=pl.format("{}:{}-{}-{}d", "Carrier", "svc_cd", mode.str.to_lowercase(), "tpt_day_cnt"),
            port="orig_port_cd",
            level="svc_cd",
            carrier="Carrier",
            tpt="tpt_day_cnt",
            ground=mode == "GROUND",
            low="minm_wgh_qty",
            high="max_wgh_qty",
            minimum="minimum cost",
            rate="rate",
        )
    )
    plants = table["WhCapacities"].rename({"Plant ID": "plant", "Daily Capacity": "ceiling"})
    plants = plants.join(table["WhCosts"].rename({"WH": "plant", "Cost/unit": "unit_cost"}), on="plant").sort("plant")
    return Files(
        orders,
        rates,
        table["PlantPorts"].rename({"Plant Code": "plant", "Port": "port"}),
        table["ProductsPerPlant"]
        .select(plant="Plant Code", sku=pl.col("Product ID").cast(pl.String))
        .filter(pl.col("plant").is_in(plants["plant"].implode())),
        table["VmiCustomers"].rename({"Plant Code": "plant", "Customers": "customer"}),
        plants,
    )


def row_cents(kg: pl.Expr) -> pl.Expr:
    """What a rate row charges for this weight: a truck alone by ground, weight times rate by air, at least the minimum."""
    charge = pl.when(pl.col("ground")).then(pl.col("rate")).otherwise(kg * pl.col("rate"))
    return half_up(pl.max_horizontal(charge, "minimum") * 100)


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """Everything the decisions read."""

    files: Files
    orders: list[Order]
    items: dict[Sku, Item]
    nodes: dict[NodeId, Node]
    ways: list[tuple[list[Candidate], np.ndarray, np.ndarray, np.ndarray]]
    """By order: candidates in tie order, and of each its node, its ladder, and its days under way (0 for CRF)."""
    handling_cents: np.ndarray
    """Quantity times the plant's cost per unit, shape ``(order, node)``."""
    ladders: Ladders


def build(files: Files) -> Day:
    names = files.plants["plant"].to_list()
    nodes = {
        NodeId(name): Node(NodeId(name), NodeKind.OWN, name, "UTC", orders_per_day=ceiling)
        for name, ceiling in files.plants.select("plant", "ceiling").iter_rows()
    }
    skus = sorted({*files.orders["sku"], *files.makes["sku"]})
    items = {Sku(sku): Item(Sku(sku), Grams(0)) for sku in skus}
    orders = [
        Order(
            OrderId(str(row["order"])),
            (OrderLine(LineId("1"), Sku(row["sku"]), Units(row["quantity"])),),
            ShipTo("PORT09"),
            datetime(2013, 5, 26, tzinfo=UTC),
            Promise(date(2013, 5, 26 + row["tpt"])),
            row["level"],
            row["customer"],
        )
        for row in files.orders.iter_rows(named=True)
    ]
    cost = files.plants["unit_cost"].to_numpy()
    handling = np.floor(files.orders["quantity"].to_numpy()[:, None] * cost * 100 + 0.5).astype(np.int64)
    ladders, number = ladder_book(files)
    return Day(files, orders, items, nodes, candidates(files, names, number), handling, ladders)


def ladder_book(files: Files) -> tuple[Ladders, dict[tuple[str, str], int]]:
    """Ladders by (service, port) through the rate book, and own freight at no cost.

    Air rates run by weight within a break, so a ladder has one step for each weight an order of the day has: at those
    weights, the only ones asked, it is the tariff to the cent. A port is a zone; PORT04 is zone 40, so that the check
    against a zone lost between two others is not asked about ports.
    """
    weights = files.orders.select("kg", "grams").unique()
    zone = pl.col("port").str.strip_prefix("PORT").cast(pl.Int64) * 10
    steps = (
        files.rates.join(weights, how="cross")
        .filter(pl.col("kg").is_between("low", "high"))
        # Two orders weigh nothing; no order weighs one gram, so its step is theirs.
        .group_by("service", zone.alias("zone"), pl.max_horizontal("grams", 1).alias("max_weight_g"))
        .agg(cents=row_cents(pl.col("grams") / 1000).min())
        .with_columns(valid_from=pl.lit(DAY))
    )
    cards = steps.group_by("service", "valid_from").agg(max_weight_g=pl.col("max_weight_g").max())
    book = RateBook.from_frames(rate_cards=cards, rates=steps.sort("service", "zone", "max_weight_g"))
    keys = files.rates.select("service", "port", zone=zone).unique().sort("service", "port")
    number, ladders = {}, []
    for service, port, at in keys.iter_rows():
        ladder = book.ladder(service, at, DAY)
        if ladder is not None:
            number[service, port] = len(ladders)
            ladders.append((ladder, False))
    number[OWN_FREIGHT, ""] = len(ladders)
    free = np.zeros(1, np.int64)
    ladders.append((Ladder(OWN_FREIGHT, 0, np.array([10**9]), free, free, 0), False))
    return ParcelSteps.pack(ladders).whole, number


def candidates(files: Files, names: list[str], number: dict[tuple[str, str], int]) -> list:
    """Ways to ship each order: each plant by each service of its port whose breaks cover the weight; own freight for CRF."""
    place = {name: k for k, name in enumerate(names)}
    covered = (
        files.rates.join(files.orders.filter(pl.col("level") != "CRF").select("order", "kg"), how="cross")
        .filter(pl.col("kg").is_between("low", "high"))
        .select("order", "port", "service", "tpt")
        .unique()
        .join(files.ports, on="port")
        .filter(pl.col("plant").is_in(names))
        .unique(["order", "plant", "service"], keep="any")
        .sort("order", "plant", "service")
    )
    by_order = {key[0]: part for key, part in covered.partition_by("order", as_dict=True).items()}
    own = [(name, OWN_FREIGHT, "", 0) for name in names]
    ways = []
    for order, level in files.orders.select("order", "level").iter_rows():
        found = by_order.get(order, covered.clear())
        rows = own if level == "CRF" else list(found.select("plant", "service", "port", "tpt").iter_rows())
        ways.append(
            (
                [Candidate(NodeId(plant), ServiceId(service), DAY) for plant, service, _, _ in rows],
                np.array([place[plant] for plant, *_ in rows], np.int64),
                np.array([number[service, port] for _, service, port, _ in rows], np.int64),
                np.array([tpt for *_, tpt in rows], np.int64),
            )
        )
    return ways


def rules(files: Files, same_service: bool) -> Policy:
    """Plants ship what they make, vendor-managed stock serves its customers, no day holds more than its ceiling.

    With `same_service` a door-to-door order goes door to door, and (a wish) no order travels longer than it did.
    """
    made = files.makes.group_by("plant", maintain_order=True).agg("sku").sort("plant")
    vendor = files.vendor.group_by("plant").agg("customer").sort("plant")
    idle = sorted(set(files.plants["plant"]) - set(made["plant"]))
    law = [
        *(Rule(f"makes {p}", "dedicate", (("nodes", p), ("skus", ",".join(s)))) for p, s in made.iter_rows()),
        *(Rule(f"vendor {p}", "dedicate", (("nodes", p), ("channels", ",".join(c)))) for p, c in vendor.iter_rows()),
        *(Rule(f"idle {p}", "forbid", (("nodes", p),), because="it makes nothing") for p in idle),
        Rule("ceiling", "ceiling"),
    ]
    if same_service:
        to_port = sorted(set(files.rates.filter(pl.col("level") == "DTP")["service"]))
        law.append(Rule("door", "forbid", (("services", ",".join(to_port)), ("order_classes", "DTD"))))
        law.append(Rule("as fast", "promise", (("min_probability", "1"),), hard=False))
    return Policy("brunel", tuple(law))


def compiled(day: Day, same_service: bool) -> policy.CompiledPolicy:
    return policy.compile(rules(day.files, same_service), day.nodes, day.items)


def with_ceilings(day: Day, none: bool) -> Day:
    """The same day with no ceiling at all, if so asked."""
    if not none:
        return day
    return replace(day, nodes={k: replace(n, orders_per_day=None) for k, n in day.nodes.items()})
