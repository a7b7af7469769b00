"""What lanes between nodes cost by contract: the departure, the pallet and the truck that a plan is made with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import ceil
from typing import Final

import numpy as np
import polars as pl

from evenstock import tables
from evenstock.domain import Cents, Item, Lane, Node, NodeId, Sku
from evenstock.freight.fuel import FuelBook
from evenstock.freight.ltl import LtlBook, LtlTable
from evenstock.freight.ltl.by_pallet import (
    FullPallet,
    full_cents,
    heaviest_by_class,
    line_by_pallet,
    most_cents,
    straight_cents,
)
from evenstock.freight.ltl.tariff import Areas, lane_of
from evenstock.freight.rows import refuse
from evenstock.freight.truckload import Point, TruckloadBook, TruckloadRate, break_even, point_of, road_miles
from evenstock.operations.network import Network, parts

SHARED_PALLETS: Final = 10
"""A shared lane is fitted up to so many pallets, or to where a truck is cheaper: beyond about ten carriers ask for whole trucks."""
LaneKey = tuple[NodeId, NodeId, str]
"""Origin, destination and mode."""
FUEL_TABLES: Final = ("fuel_rules", "fuel_tables", "fuel_index", "fuel_overrides")


@dataclass(frozen=True, slots=True)
class LaneContract:
    """Who carries a lane, and what every departure asks for besides."""

    service: str
    accessorials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LaneFreight:
    """How a lane's costs came about, and how far they are from the contract."""

    origin: NodeId
    destination: NodeId
    mode: str
    service: str
    fitted_pallets: int
    """For 1 to so many pallets the figures below hold."""
    worst_share: float
    """The most by which the lane's cost exceeds the most that any mix of the covered goods can pay by the contract, as a
    fraction."""
    worst_at_pallets: int
    usual_share: float
    """Its mean excess over what full pallets of the middle item by weight pay."""
    truckload_from: int | None = None
    """Pallets of the dearest goods from which on the truck lane between the same nodes is cheaper; None where there is no
    such lane, or it never is."""
    under_share: float = 0.0
    """The most by which a plan of goods that are not covered may be priced below the contract; 0 where all are."""
    stale: str = ""

    @property
    def said(self) -> str:
        """In one sentence.

        Examples
        --------
        >>> LaneFreight(NodeId("TX"), NodeId("PA"), "ltl", "saia:ltl", 9, 0.124, 1, 0.19, 10).said
        'TX→PA by saia:ltl: priced 0 to 12.4 % above its contract for up to 9 pallets (19.0 % on average for your middle item); \
from 10 pallets on a truck is cheaper'
        """
        lane = f"{self.origin}→{self.destination} by {self.service}"
        near = f"{lane}: priced as its contract for the heaviest pallets"
        if self.mode == "ltl":
            near = (
                f"{lane}: priced 0 to {self.worst_share:.1%} above its contract for up to {self.fitted_pallets} pallets "
                f"({self.usual_share:.1%} on average for your middle item)"
            )
        under = f"a plan of the dearest goods may be priced {self.under_share:.1%} below it" if self.under_share else ""
        truck = f"from {self.truckload_from} pallets on a truck is cheaper" if self.truckload_from else ""
        return "; ".join(filter(None, (near, under, truck, self.stale))).replace("%", " %")


@dataclass(frozen=True, slots=True)
class PricedLanes:
    """Lanes with the costs of their contracts, and what is to be known about them."""

    lanes: tuple[Lane, ...]
    """All lanes, in the order given; those without a contract as they were."""
    told: tuple[LaneFreight, ...] = ()
    """Of each lane with a contract."""
    notes: tuple[str, ...] = ()

    @property
    def said(self) -> tuple[str, ...]:
        """One sentence for each service and mode, then the notes: a page for many lanes."""
        services = dict.fromkeys((one.mode, one.service) for one in self.told)
        groups = [[one for one in self.told if (one.mode, one.service) == key] for key in services]
        return (*(_together(group) for group in groups), *self.notes)


def _together(lanes: Sequence[LaneFreight]) -> str:
    """What is known about the lanes of one service, the widest of each figure."""
    first, count = lanes[0], len(lanes)
    name = f"{count} {'lane' if count == 1 else 'lanes'} by {first.service}"
    said = [f"{name}: priced as the contract for the heaviest pallets"]
    if first.mode == "ltl":
        worst, usual = max(one.worst_share for one in lanes), max(one.usual_share for one in lanes)
        fitted = sorted({one.fitted_pallets for one in lanes})
        pallets = f"{fitted[0]} to {fitted[-1]}" if len(fitted) > 1 else f"{fitted[0]}"
        above = f"{name}: priced 0 to {worst:.1%} above the contract for up to {pallets} pallets"
        said = [f"{above} (at most {usual:.1%} on average for your middle item)"]
    under = max(one.under_share for one in lanes)
    if under:
        said.append(f"a plan of the dearest goods may be priced {under:.1%} below it")
    trucks = [one.truckload_from for one in lanes if one.truckload_from is not None]
    if trucks:
        said.append(f"on {len(trucks)} a truck is cheaper, soonest from {min(trucks)} pallets on")
    return "; ".join([*said, *dict.fromkeys(one.stale for one in lanes if one.stale)]).replace("%", " %")


class FreightContracts:
    """The contracts for pallets and trucks."""

    def __init__(
        self,
        lanes: Mapping[LaneKey, LaneContract],
        ltl: LtlBook | None,
        truckload: TruckloadBook | None,
        places: Mapping[str, Point],
    ) -> None:
        self.lanes = dict(lanes)
        self.ltl = ltl
        self.truckload = truckload
        self.places = dict(places)

    @classmethod
    def from_frames(cls, frames: Mapping[str, pl.DataFrame], fuel: FuelBook | None = None) -> FreightContracts:
        """Read `lanes`, `nodes`, `ltl_tariffs`, `ltl_contracts`, `accessorials`, `truckload_rates` and `places`, those that are there.

        Without a fuel book one is made of the fuel tables.

        Raises
        ------
        ValueError
            With every cell that cannot be right; a tariff without a lane of the network whose service uses it; a lane
            that names a service without a contract.
        """
        lanes = lane_contracts(frames["lanes"]) if "lanes" in frames else {}
        fuel = fuel or FuelBook.from_frames(**{name: frames[name] for name in FUEL_TABLES if name in frames})
        accessorials = frames.get("accessorials")
        ltl = truckload = None
        if "ltl_tariffs" in frames and "ltl_contracts" in frames:
            ltl = LtlBook.from_frames(
                ltl_tariffs=frames["ltl_tariffs"],
                ltl_contracts=frames["ltl_contracts"],
                accessorials=accessorials,
                fuel=fuel,
                needed=_needed(lanes, frames["nodes"]) if "nodes" in frames else None,
            )
        if "truckload_rates" in frames:
            truckload = TruckloadBook.from_frames(truckload_rates=frames["truckload_rates"], accessorials=accessorials)
        refuse(_without_contract(lanes, ltl.services if ltl else (), truckload.services if truckload else ()))
        return cls(lanes, ltl, truckload, _points(frames.get("places")))


def lane_contracts(lanes: pl.DataFrame) -> dict[LaneKey, LaneContract]:
    """Contracts that lanes name, from a frame in the shape of `tables.Lanes`; lanes without one are left out."""
    if "service" not in lanes.columns:
        return {}
    rows = tables.with_defaults(tables.Lanes, lanes).filter(pl.col("service") != "")
    columns = ("origin", "destination", "mode", "service", "accessorials")
    return {
        (NodeId(origin), NodeId(destination), str(mode)): LaneContract(service, tuple(parts(accessorials)))
        for origin, destination, mode, service, accessorials in rows.select(columns).iter_rows()
    }


def lanes_with_freight(
    lanes: Sequence[Lane],
    contracts: FreightContracts,
    nodes: Mapping[NodeId, Node],
    items: Mapping[Sku, Item],
    on: date,
    covering: float = 1.0,
) -> PricedLanes:
    """The lanes with fixed, pallet and truck costs as of a day, where they have a contract.

    A shared (ltl) lane gets a departure and a pallet cost that lie above the contract for any mix of these items on any
    number of pallets, one shipment a departure, and as near to it as a straight line can be: no plan is priced below its
    contract. A truck (ftl) lane gets the cost of a truck, exactly, and the pallets that it takes by floor and by weight.

    Parameters
    ----------
    items
        What may travel; the heaviest full pallet of each class sets the price.
    covering
        Share of the items, those that cost least by the pallet, whose mixes are surely not priced below the contract. With 1
        no plan is; where pallets differ much in weight most plans are then priced far above it, and less is moved than
        pays. Lower it and `under_share` says by how much a plan of the dearest goods may be priced too low.

    Raises
    ------
    ValueError
        With every lane whose contract cannot price it: no contract, lane, class or distance, an accessorial without a charge.
    """
    if not 0 < covering <= 1:
        raise ValueError(f"covering is a share of the items above 0 and up to 1, not {covering}")
    loads, notes = full_pallets(items.values())
    asked = [
        _Asked(lane, contracts.lanes[key], nodes[lane.origin], nodes[lane.destination], on)
        for lane in lanes
        if (key := (lane.origin, lane.destination, lane.mode)) in contracts.lanes
    ]
    if not asked:
        return PricedLanes(tuple(lanes))
    problems: list[str] = []
    trucks: dict[tuple[NodeId, NodeId], Lane] = {}
    priced: dict[LaneKey, tuple[Lane, LaneFreight]] = {}
    for one in sorted(asked, key=lambda one: one.lane.mode):  # trucks first: they say from where on shares are too dear
        lane = one.lane
        try:
            if lane.mode == "ftl":
                found = _truck_lane(one, contracts, loads)
                trucks[lane.origin, lane.destination] = found[0]
            elif lane.mode == "ltl":
                found = _shared_lane(one, contracts, loads, trucks.get((lane.origin, lane.destination)), covering)
            else:
                problems.append(f"{one.named}: only ltl and ftl lanes have a contract; leave lanes.service empty")
                continue
        except ValueError as error:
            problems.append(f"{one.named}: {error}")
            continue
        priced[lane.origin, lane.destination, lane.mode] = found
    refuse(problems)
    told = [priced[key] for lane in lanes if (key := (lane.origin, lane.destination, lane.mode)) in priced]
    new = {(lane.origin, lane.destination, lane.mode): lane for lane, _ in told}
    all_lanes = tuple(new.get((lane.origin, lane.destination, lane.mode), lane) for lane in lanes)
    return PricedLanes(all_lanes, tuple(freight for _, freight in told), notes)


def network_with_freight(
    network: Network,
    frames: Mapping[str, pl.DataFrame],
    on: date,
    *,
    fuel: FuelBook | None = None,
    covering: float = 1.0,
) -> tuple[Network, PricedLanes]:
    """The network with its lanes priced by contract as of a day; the same network where no lane names one."""
    if "lanes" not in frames or not lane_contracts(frames["lanes"]):
        return network, PricedLanes(network.lanes)
    contracts = FreightContracts.from_frames(frames, fuel)
    priced = lanes_with_freight(network.lanes, contracts, network.nodes, network.items, on, covering)
    return replace(network, lanes=priced.lanes), priced


def full_pallets(items: Iterable[Item]) -> tuple[list[FullPallet], tuple[str, ...]]:
    """Full pallets of the items that say how many units fit one, and a note about the others."""
    loads, without = [], []
    for item in items:
        if item.pallet_units and item.weight_g:
            volume = item.length_mm * item.width_mm * item.height_mm
            loads.append(FullPallet.of(str(item.sku), item.pallet_units, item.weight_g, volume))
        else:
            without.append(str(item.sku))
    if not without:
        return loads, ()
    note = (
        f"{len(without)} items have no pallet_units or no weight ({without[0]} is the first): their freight is in no lane's "
        "pallet cost, so plans with them may be priced below the contract"
    )
    return loads, (note,)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A lane with its contract, on a day."""

    lane: Lane
    contract: LaneContract
    origin: Node
    destination: Node
    on: date

    @property
    def named(self) -> str:
        return f"lane {self.lane.origin}→{self.lane.destination} by {self.lane.mode}"

    @property
    def areas(self) -> Areas:
        return lane_of(self.origin.postal_code, self.destination.postal_code)

    @property
    def limit(self) -> int | None:
        """Most pallets of a departure; None where unlimited."""
        return self.lane.trucks * self.lane.truck_pallets or None


def _truck_lane(asked: _Asked, contracts: FreightContracts, loads: Sequence[FullPallet]) -> tuple[Lane, LaneFreight]:
    lane, service = asked.lane, asked.contract.service
    rate = contracts.truckload.rate(service, asked.on) if contracts.truckload else None
    if contracts.truckload is None or rate is None:
        raise ValueError(f"truckload_rates has no rate of {service} on {asked.on}; add it")
    miles = road_miles_between(asked.origin, asked.destination, contracts.places)
    charges = contracts.truckload.accessorials.asked(service, asked.on, asked.contract.accessorials)
    cents = sum(term.cents for term in rate.cents(miles, accessorials=charges))
    takes, usual = _pallets_taken(rate, loads)
    new = replace(lane, fixed_cents=Cents(0), pallet_cents=Cents(0), truck_cents=Cents(cents), truck_pallets=takes)
    # With the heaviest pallets the cost is that of the contract; where lighter ones fit more, begun trucks differ.
    count = np.arange(1, 2 * rate.pallets + 1)
    over = -(-count // takes) / -(-count // usual) - 1
    freight = LaneFreight(
        lane.origin,
        lane.destination,
        lane.mode,
        service,
        len(count),
        0.0,
        1,
        float(over.mean()),
        stale=rate.stale(asked.on),
    )
    return new, freight


def _pallets_taken(rate: TruckloadRate, loads: Sequence[FullPallet]) -> tuple[int, int]:
    """Pallets of a truck by floor and weight: of the heaviest, and of the middle one."""
    grams = sorted(load.weight_g for load in loads) or [1]
    takes = [min(rate.pallets, rate.max_weight_g // weight) for weight in (grams[-1], grams[(len(grams) - 1) // 2])]
    if not takes[0]:
        raise ValueError(
            f"a full pallet of {grams[-1]} g is above the {rate.max_weight_g} g of a truck of {rate.service}"
        )
    return takes[0], takes[1]


def _shared_lane(
    asked: _Asked, contracts: FreightContracts, loads: Sequence[FullPallet], truck: Lane | None, covering: float
) -> tuple[Lane, LaneFreight]:
    lane, service = asked.lane, asked.contract.service
    contract = contracts.ltl.contract(service, asked.on) if contracts.ltl else None
    if contracts.ltl is None or contract is None:
        raise ValueError(f"ltl_contracts has no contract of {service} on {asked.on}; add it")
    table = contracts.ltl.table(service, asked.on)
    extra = sum(contracts.ltl.accessorials.asked(service, asked.on, asked.contract.accessorials).values())
    heaviest_by_class(table, loads)  # refuses goods that nobody can rate
    fitted = min(asked.limit or SHARED_PALLETS, SHARED_PALLETS)
    truckload_from = None
    if truck is not None:
        by_truck = -(-np.arange(1, fitted + 1) // truck.truck_pallets) * truck.truck_cents
        truckload_from = break_even(most_cents(table, asked.areas, loads, fitted, extra).tolist(), by_truck.tolist())
        fitted = min(fitted, max(1, (truckload_from or fitted + 1) - 1))
    covered = _covered(table, asked.areas, loads, fitted, covering)
    line = line_by_pallet(table, asked.areas, covered, fitted=fitted, limit=asked.limit, accessorial_cents=extra)
    middle = sorted(loads, key=lambda load: (load.weight_g, load.name))[(len(loads) - 1) // 2]
    usual = line.cents(fitted) / straight_cents(table, asked.areas, middle, fitted, extra) - 1
    under = 0.0
    if len(covered) < len(loads):
        dearest = most_cents(table, asked.areas, loads, fitted, extra)
        under = max(0.0, float((1 - line.cents(fitted) / dearest).max()))
    new = replace(
        lane, fixed_cents=Cents(line.fixed_cents), pallet_cents=Cents(line.pallet_cents), truck_cents=Cents(0)
    )
    stale = "; ".join(filter(None, (contract.stale(asked.on), contracts.ltl.fuel(contract, asked.on)[1])))
    freight = LaneFreight(
        lane.origin, lane.destination, lane.mode, service, fitted, line.worst_share, line.at_pallets,
        float(usual.mean()), truckload_from, under, stale,
    )  # fmt: skip
    return new, freight


def _covered(
    table: LtlTable, areas: Areas, loads: Sequence[FullPallet], pallets: int, covering: float
) -> list[FullPallet]:
    """The goods that cost least by the pallet, so large a share of all."""
    if covering == 1:
        return list(loads)
    ranked = sorted(zip(full_cents(table, areas, loads, pallets).tolist(), range(len(loads)), strict=True))
    return [loads[k] for _, k in ranked[: ceil(covering * len(loads))]]


def road_miles_between(origin: Node, destination: Node, places: Mapping[str, Point]) -> int:
    """Road miles from node to node, by their own coordinates, else by their postal areas.

    Raises
    ------
    ValueError
        If nobody knows where one of them is.
    """
    points = []
    for node in (origin, destination):
        own = (node.latitude, node.longitude) if node.latitude or node.longitude else None
        point = point_of(node.postal_code, places, own)
        if point is None:
            raise ValueError(f"nobody knows where {node.id} is; give its latitude and longitude, or its area in places")
        points.append(point)
    return road_miles(*points)


def _without_contract(
    lanes: Mapping[LaneKey, LaneContract], shared: Collection[str], trucks: Collection[str]
) -> list[str]:
    """Lanes that nobody can price on any day."""
    known = {"ltl": ("ltl_contracts", shared), "ftl": ("truckload_rates", trucks)}
    problems = []
    for (origin, destination, mode), contract in lanes.items():
        where = f"lanes {origin}→{destination} by {mode}: service {contract.service!r}"
        if mode not in known:
            problems.append(f"{where}: only ltl and ftl lanes have a contract; leave it empty")
        elif contract.service not in known[mode][1]:
            problems.append(f"{where} is not in {known[mode][0]}; add its contract, or leave it empty")
    return problems


def _needed(lanes: Mapping[LaneKey, LaneContract], nodes: pl.DataFrame) -> dict[str, Collection[Areas]]:
    """Lanes that each service's tariff must have."""
    postal = dict(nodes.select("node", "postal_code").iter_rows())
    found: dict[str, list[Areas]] = {}
    for (origin, destination, mode), contract in lanes.items():
        if mode == "ltl" and origin in postal and destination in postal:
            found.setdefault(contract.service, []).append(lane_of(postal[origin], postal[destination]))
    return dict(found)


def _points(places: pl.DataFrame | None) -> dict[str, Point]:
    if places is None:
        return {}
    rows = places.select("zip3", "latitude", "longitude").iter_rows()
    return {zip3.upper(): (float(latitude), float(longitude)) for zip3, latitude, longitude in rows}
