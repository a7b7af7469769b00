"""Frames of a network as the objects that decisions are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from itertools import groupby
from typing import Any, Final

import polars as pl

from evenstock import policy, tables
from evenstock.domain import (
    Cents,
    Costs,
    Grams,
    Item,
    Lane,
    LineId,
    Millimetres,
    Node,
    NodeId,
    NodeKind,
    Order,
    OrderId,
    OrderLine,
    Policy,
    Price,
    Promise,
    ServiceLevel,
    ShipTo,
    Sku,
    StockTarget,
    Supply,
    Units,
)
from evenstock.freight.rates import RateBook
from evenstock.routing.network import ShippingNetwork

RATE_TABLES: Final = (
    "rate_cards", "rates", "surcharges", "zones", "places", "transit", "discounts", "delivery_areas", "fuel_rules",
    "fuel_tables", "fuel_index", "fuel_overrides", "exchange_rates", "rate_corrections", "carrier_limits",
)  # fmt: skip
"""What the rate book is made of."""
FREIGHT_TABLES: Final = (*RATE_TABLES, "ltl_tariffs", "ltl_contracts", "accessorials", "truckload_rates")
NETWORK_TABLES: Final = ("nodes", "items", "lanes", *FREIGHT_TABLES, "rules", "costs", "supplies", "stock_targets")
"""Tables that say how the network is, in contrast to what happens in it."""
HAPPENING_TABLES: Final = tuple(name for name in tables.INPUT if name not in {*NETWORK_TABLES, "prices"})
"""Tables of what happens in it, each current by itself; prices go to the books."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Everything about a network that a decision looks up, built once from its frames."""

    nodes: Mapping[NodeId, Node]
    items: Mapping[Sku, Item]
    lanes: tuple[Lane, ...]
    costs: Costs
    policy: policy.CompiledPolicy
    rates: RateBook | None
    """None where the network has no rate cards: nothing can be shipped by parcel then."""
    supplies: tuple[Supply, ...] = ()
    targets: tuple[StockTarget, ...] = ()
    lane_notes: tuple[str, ...] = ()
    """How lanes with a contract came to their costs, and how near those are to it."""

    @classmethod
    def from_frames(cls, frames: Mapping[str, pl.DataFrame], rules: Policy | None = None) -> Network:
        """Build from frames with the columns and types of `tables`; columns with a default may be left out.

        `rules` take the place of the table of rules, where a version of them was activated here.

        Raises
        ------
        ValueError
            If nodes or items are missing, if a rule or a rate cannot be used, or if a row breaks what a word means:
            each trouble is named with what to do.
        """
        for table in ("nodes", "items"):
            if table not in frames:
                raise ValueError(f"a network needs the table {table}; add {table}.csv")
        nodes = {node.id: node for node in nodes_from_frame(frames["nodes"])}
        items = {item.sku: item for item in items_from_frame(frames["items"])}
        lanes = tuple(lanes_from_frame(frames["lanes"])) if "lanes" in frames else ()
        rates = rates_from_frames(frames)
        services = rates.services if rates else ()
        both = sorted({str(node) for node in nodes} & set(services))
        if both:
            raise ValueError(f"{both[0]} is the name of a node and of a carrier's service; give the node another name")
        return cls(
            nodes=nodes,
            items=items,
            lanes=lanes,
            costs=costs_from_frame(frames["costs"]) if "costs" in frames else Costs(),
            policy=policy.compile(rules or policy_from_frames(frames), nodes, items, services),
            rates=rates,
            supplies=tuple(supplies_from_frame(frames["supplies"])) if "supplies" in frames else (),
            targets=tuple(targets_from_frame(frames["stock_targets"])) if "stock_targets" in frames else (),
        )

    def shipping(self, digest: str) -> ShippingNetwork:
        """The network made ready for routing, under the digest of the snapshot it came from.

        Raises
        ------
        ValueError
            If it has no rate cards: then nobody knows what a parcel or an empty node costs.
        """
        if self.rates is None:
            raise ValueError(
                "the network has no rate cards; import rate_cards and rates to route orders or plan transfers"
            )
        return ShippingNetwork(self.nodes.values(), self.items, self.rates, self.costs, digest)


def policy_from_frames(frames: Mapping[str, pl.DataFrame]) -> Policy:
    """The network's own rules, or the default policy where it brings none."""
    rules = frames.get("rules")
    return policy.from_frame(rules) if rules is not None and rules.height else policy.default_policy()


def rates_from_frames(frames: Mapping[str, pl.DataFrame]) -> RateBook | None:
    """Rate book of the freight tables, or None where there are no rate cards."""
    if "rate_cards" not in frames or "rates" not in frames or frames["rate_cards"].is_empty():
        return None
    given = {table: frames[table] for table in (*RATE_TABLES, "transit_lanes", "transit_weekdays") if table in frames}
    return RateBook.from_frames(**given)


def nodes_from_frame(frame: pl.DataFrame) -> Iterator[Node]:
    for row in _rows("nodes", frame):
        yield Node(
            id=NodeId(row["node"]),
            kind=NodeKind(row["kind"]),
            postal_code=row["postal_code"],
            timezone=row["timezone"],
            country=row["country"],
            latitude=row["latitude"] or 0.0,
            longitude=row["longitude"] or 0.0,
            cutoff=time.fromisoformat(row["cutoff"]),
            working_days=weekdays(row["working_days"]),
            holidays=frozenset(map(date.fromisoformat, parts(row["holidays"]))),
            orders_per_day=row["orders_per_day"],
            pick_order_cents=Cents(row["pick_order_cents"]),
            pick_unit_cents=Cents(row["pick_unit_cents"]),
            receive_unit_cents=Cents(row["receive_unit_cents"]),
            certifications=frozenset(parts(row["certifications"])),
            pool=row["pool"],
            services=frozenset(parts(row["services"])),
            active=row["active"],
            transfer_units_out=row["transfer_units_out"],
            transfer_units_in=row["transfer_units_in"],
            pallet_places=row["pallet_places"],
            storage_cents_m3_month=Cents(row["storage_cents_m3_month"]),
        )


def items_from_frame(frame: pl.DataFrame) -> Iterator[Item]:
    for row in _rows("items", frame):
        yield Item(
            sku=Sku(row["sku"]),
            weight_g=Grams(row["weight_g"]),
            length_mm=Millimetres(row["length_mm"]),
            width_mm=Millimetres(row["width_mm"]),
            height_mm=Millimetres(row["height_mm"]),
            unit_cost_cents=Cents(row["unit_cost_cents"]),
            price_cents=Cents(row["price_cents"]),
            case_units=Units(row["case_units"]),
            pallet_units=Units(row["pallet_units"]),
            category=row["category"],
            gtin=row["gtin"],
            requires=frozenset(parts(row["requires"])),
            max_transit_days=row["max_transit_days"],
            shelf_life_days=row["shelf_life_days"],
            minimum_shelf_days=row["minimum_shelf_days"],
        )


def lanes_from_frame(frame: pl.DataFrame) -> Iterator[Lane]:
    for row in _rows("lanes", frame):
        yield Lane(
            origin=NodeId(row["origin"]),
            destination=NodeId(row["destination"]),
            mode=row["mode"],
            fixed_cents=Cents(row["fixed_cents"]),
            pallet_cents=Cents(row["pallet_cents"]),
            unit_cents=Cents(row["unit_cents"]),
            lead_days=row["lead_days"],
            dispatch_days=weekdays(row["dispatch_days"]),
            truck_cents=Cents(row["truck_cents"]),
            truck_pallets=row["truck_pallets"],
            trucks=row["trucks"],
        )


def supplies_from_frame(frame: pl.DataFrame) -> Iterator[Supply]:
    for row in _rows("supplies", frame):
        yield Supply(
            sku=Sku(row["sku"]),
            supplier=row["supplier"],
            node=NodeId(row["node"]),
            price_cents=Cents(row["price_cents"]),
            lead_days=row["lead_days"],
            mode=row["mode"],
            order_days=weekdays(row["order_days"]),
            order_cents=Cents(row["order_cents"]),
            multiple_units=Units(row["multiple_units"]),
            minimum_units=Units(row["minimum_units"]),
        )


def targets_from_frame(frame: pl.DataFrame) -> Iterator[StockTarget]:
    for row in _rows("stock_targets", frame):
        yield StockTarget(**row)


def costs_from_frame(frame: pl.DataFrame) -> Costs:
    """The company's numbers; what it does not state keeps its default."""
    return Costs(**{row["cost"]: row["amount"] for row in _rows("costs", frame)})


def prices_from_frame(frame: pl.DataFrame) -> Iterator[Price]:
    for row in _rows("prices", frame):
        yield Price(Sku(row["sku"]), NodeId(row["node"]), row["valid_from"], row["source"], Cents(row["cents"]))


def orders_from_frame(frame: pl.DataFrame) -> list[Order]:
    """Orders with their lines, by the moment they were placed and then by id; lines keep the order of the frame.

    What belongs to the order is taken from its first line; the import has checked that all its lines agree.
    """
    lines = sorted(_rows("orders", frame), key=lambda row: row["order"])
    orders = [_order(OrderId(name), list(rows)) for name, rows in groupby(lines, key=lambda row: row["order"])]
    return sorted(orders, key=lambda order: (order.placed_at, order.id))


def _order(name: OrderId, rows: list[dict[str, Any]]) -> Order:
    first = rows[0]
    promised = first["deliver_by"]
    return Order(
        id=name,
        lines=tuple(
            OrderLine(LineId(row["line"]), Sku(row["sku"]), Units(row["units"]), Cents(row["price_cents"]), row["kit"])
            for row in rows
        ),
        ship_to=ShipTo(first["postal_code"], first["country"], first["residential"]),
        placed_at=first["placed_at"],
        promise=None if promised is None else Promise(promised),
        order_class=first["order_class"],
        channel=first["channel"],
        tags=frozenset(parts(first["tags"])),
        service_level=ServiceLevel(first["service_level"]),
        shipping_paid_cents=Cents(first["shipping_paid_cents"]),
    )


def weekdays(text: str) -> frozenset[int]:
    """Days of a week written 1 (Monday) to 7 (Sunday), as Python counts them, 0 to 6.

    Examples
    --------
    >>> sorted(weekdays("12345"))
    [0, 1, 2, 3, 4]
    """
    return frozenset(int(digit) - 1 for digit in text)


def parts(text: str) -> list[str]:
    """The parts of a cell that holds a list.

    Examples
    --------
    >>> parts("hazmat; cold;")
    ['hazmat', 'cold']
    """
    return [part.strip() for part in text.split(";") if part.strip()]


def _rows(table: str, frame: pl.DataFrame) -> Iterable[dict[str, Any]]:
    """Rows by column, columns that are left out by their default."""
    columns = tables.INPUT[table].columns()
    defaults: dict[str, Any] = {}
    for column, spec in columns.items():
        if column not in frame.columns:
            if "default" not in (spec.metadata or {}):
                raise ValueError(f"{table}: column {column} is missing; the table needs {', '.join(columns)}")
            defaults[column] = (spec.metadata or {})["default"]
    return (row | defaults for row in frame.iter_rows(named=True))
