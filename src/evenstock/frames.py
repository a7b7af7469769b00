"""The Python face: frames in, plan out, of whatever kind of frame you use.

pandas, polars and Arrow tables are accepted, and results come back in the kind that was given. No global state, no
clock, no network: the day, the moment and the seed are arguments, and the same arguments give the same results.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from evenstock.connectors.files import Problem, Reading, read_tables
from evenstock.connectors.files import read_folder as _read_folder
from evenstock.domain import DecisionRecord, TransferPlan, refuse_naive
from evenstock.forecasting import Drivers, Forecast, fit, prepare
from evenstock.forecasting.drivers import NAMES as DRIVER_TABLES
from evenstock.operations.network import Network as _Network
from evenstock.operations.network import orders_from_frame
from evenstock.operations.open_balances import open_balances
from evenstock.operations.plan_transfers import PATHS, plan_transfers
from evenstock.operations.route_order import route_many
from evenstock.operations.tonight.question import Happenings
from evenstock.rebalancing.explain import frame as lines_frame
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.replay.lives import Arm, Repricing
from evenstock.simulation.replay.past import read_past
from evenstock.simulation.replay.replay import Replayed, replay
from evenstock.storage.memory import MemoryStore

Frame = Any
"""A pandas, polars or Arrow table."""


class RefusedInputError(ValueError):
    """Tables that cannot be used; `problems` names table, row, column, value and remedy of each."""

    def __init__(self, problems: list[Problem], count: int) -> None:
        shown = "\n".join(f"  {p}" for p in problems[:20])
        super().__init__(f"{count:,} problems:\n{shown}" + ("\n  …" if count > 20 else ""))
        self.problems = problems


def _polars(frame: Frame) -> pl.DataFrame:
    if isinstance(frame, pl.DataFrame):
        return frame
    found: pl.DataFrame = nw.from_native(frame, eager_only=True).to_polars()
    return found


def _as(frame: pl.DataFrame, like: Frame) -> Frame:
    """`frame` in the kind of `like`."""
    if isinstance(like, pl.DataFrame):
        return frame
    backend = nw.from_native(like, eager_only=True).implementation
    return nw.from_dict(frame.to_dict(as_series=False), backend=backend).to_native()


def _accepted(reading: Reading) -> dict[str, pl.DataFrame]:
    if reading.count:
        raise RefusedInputError(reading.problems, reading.count)
    return reading.frames


def _checked(tables: Mapping[str, Frame]) -> dict[str, pl.DataFrame]:
    return _accepted(read_tables({name: _polars(frame) for name, frame in tables.items()}))


def read_folder(path: str | Path) -> dict[str, pl.DataFrame]:
    """Every table in a folder of files, checked whole.

    Raises
    ------
    RefusedInputError
        With every problem at once; nothing is returned then.
    """
    return _accepted(_read_folder(path))


def day(text: str | date) -> date:
    return text if isinstance(text, date) and not isinstance(text, datetime) else date.fromisoformat(str(text)[:10])


def moment(text: str | datetime) -> datetime:
    """A moment with its zone. Raises ValueError without one."""
    parsed = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    refuse_naive(parsed, "now")
    return parsed.astimezone(UTC)


class Network:
    """Nodes, items, lanes, rates, rules and costs, checked once."""

    def __init__(self, tables: dict[str, pl.DataFrame]) -> None:
        self.tables = tables
        self._network = _Network.from_frames(tables)

    @classmethod
    def from_frames(cls, tables: Mapping[str, Frame] | None = None, /, **more: Frame) -> Network:
        """From tables by name (see the data dictionary), as a mapping, as keywords, or both.

        Raises
        ------
        RefusedInputError
            With every problem of every table.
        """
        return cls(_checked({**(tables or {}), **more}))

    @property
    def network(self) -> _Network:
        return self._network

    @cached_property
    def shipping(self) -> ShippingNetwork:
        """The network made ready for routing. Raises ValueError where it has no rate cards."""
        return self._network.shipping("frames")

    def __repr__(self) -> str:
        found = self._network
        return f"Network({len(found.nodes)} nodes, {len(found.items)} items, {len(found.lanes)} lanes)"


def forecast(
    demand: Frame,
    as_of: str | date,
    *,
    horizon: int = 28,
    model: str = "baseline",
    items: Frame | None = None,
    seed: int = 0,
    **drivers: Frame,
) -> Forecast:
    """What demand may be from `as_of` on, as known on the day before.

    Parameters
    ----------
    demand
        Columns date, sku, node, units; see `demand` in the data dictionary.
    horizon
        Days ahead, 1 to 60.
    model
        A member of the forecaster family: `baseline` needs nothing but demand, `boosted` learns from drivers as well.
    items
        Items with their category, which lends weekdays and events to what sells little.
    drivers
        `events`, `promotions`, `sale_prices`, `signals`: frames as the data dictionary describes them, past and ahead.

    Raises
    ------
    RefusedInputError
        With every problem of every table.
    ValueError
        For a driver or a model that does not exist.
    """
    unknown = sorted(set(drivers) - set(DRIVER_TABLES))
    if unknown:
        raise ValueError(f"{', '.join(unknown)} drive no forecast; the tables that do are {', '.join(DRIVER_TABLES)}")
    given = {"demand": demand, **drivers} | ({} if items is None else {"items": items})
    checked = _checked(given)
    history = prepare(checked["demand"], day(as_of), items=checked.get("items"))
    return fit(history, horizon=horizon, model=model, drivers=Drivers.from_frames(checked), seed=seed)


@dataclass(frozen=True)
class Plan:
    """Tonight's transfers."""

    plan: TransferPlan
    lines: Frame
    """One row a line, with the columns of `transfer_lines` in the data dictionary."""

    @property
    def net_cents(self) -> int:
        return self.plan.net_cents

    @property
    def summary(self) -> dict[str, int]:
        plan = self.plan
        return {
            "lines": len(plan.lines),
            "units": sum(line.units for line in plan.lines),
            "worth_cents": plan.worth_cents,
            "cost_cents": plan.cost_cents,
            "net_cents": plan.net_cents,
        }


_HAPPENED = ("orders", "places", "receipts", "returns", "demand", "substitutes", "lots")


class Rebalancer:
    """Decision 2: what stock should move."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def solve(self, stock: Frame, forecast: Forecast, *, seed: int = 0, paths: int = PATHS) -> Plan:
        """Tonight's plan from stock as it is and a forecast that starts on the day of the first departure."""
        tables = self._network.tables
        store = _books(self._network, stock)
        now = datetime.combine(forecast.as_of, datetime.min.time(), UTC)
        planned = plan_transfers(
            store,
            self._network.network,
            forecast,
            inputs={},
            now=now,
            seed=seed,
            n_paths=paths,
            happened=Happenings(**{name: tables.get(name) for name in _HAPPENED}),
        )
        return Plan(planned.plan, _as(lines_frame(planned.plan.lines), stock))


def _books(network: Network, stock: Frame) -> MemoryStore:
    """Books in memory, opened with this stock."""
    checked = _checked({"nodes": network.tables["nodes"], "items": network.tables["items"], "stock": stock})["stock"]
    store = MemoryStore()
    open_balances(store, checked, "sha256:frames", datetime(1970, 1, 1, tzinfo=UTC))
    return store


@dataclass(frozen=True)
class Routes:
    """Where orders ship from."""

    records: tuple[DecisionRecord, ...]
    shipments: Frame
    """One row a shipment and order line: order, line, sku, units, node, service, ship_on; cents stand on a shipment's first row."""

    @property
    def summary(self) -> dict[str, int]:
        shipped = [record.choice for record in self.records if record.choice is not None]
        return {
            "orders": len(self.records),
            "unserved": len(self.records) - len(shipped),
            "shipments": sum(len(plan.shipments) for plan in shipped),
            "cents": sum(plan.cents for plan in shipped),
        }

    def explain(self, order: str) -> DecisionRecord:
        """The whole decision about an order. Raises KeyError if it was not routed here."""
        for record in self.records:
            if record.order == order:
                return record
        raise KeyError(order)


@dataclass(frozen=True)
class Replay:
    """The past decided again."""

    replayed: Replayed
    """Everything found: plans, comparisons with intervals, the certificate, notes."""
    scores: Frame
    """A row for what was done and for each way of deciding; `over_bound` is how far it is from perfect."""


class Router:
    """Decision 1: where each order ships from."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def replay(self, *, first: str | date, last: str | date, bound: bool = True, **tables: Frame) -> Replay:
        """Decide past orders again with the stock of their day.

        Parameters
        ----------
        tables
            `order_history`, and what else there is of `shipments`, `shipped_units`, `stock_history` and `stock`.

        Raises
        ------
        RefusedInputError
            With every problem of every table.
        ValueError
            If there are no past orders in these days, or nothing says what was in stock.
        """
        known = self._network.tables
        checked = _checked({"nodes": known["nodes"], "items": known["items"], **tables})
        past = read_past(checked, self._network.network.items, day(first), day(last))
        arms = [Arm("evenstock", repricing=Repricing()), Arm("cheapest now")]
        said = replay(past, self._network.shipping, self._network.network.policy, arms, bound=bound)
        rows = [
            {
                "arm": score.arm,
                "orders": score.orders,
                "cents": score.cents,
                "freight_cents": score.freight_cents,
                "parcels": score.parcels,
                "split_orders": score.split_orders,
                "split_cents": score.split_cents,
                "late_orders": score.late_orders,
                "unserved_orders": score.unserved_orders,
                "lost_cents": score.lost_cents,
                "over_bound": said.gap(score.arm),
            }
            for score in said.scores
        ]
        return Replay(said, _as(pl.DataFrame(rows), next(iter(tables.values()))))

    def route(self, orders: Frame, stock: Frame, *, now: str | datetime) -> Routes:
        """Route orders one after the other against this stock: an earlier order takes from a later."""
        known = self._network.tables
        checked = _checked({"nodes": known["nodes"], "items": known["items"], "orders": orders})["orders"]
        routed = route_many(
            _books(self._network, stock),
            self._network.shipping,
            self._network.network.policy,
            orders_from_frame(checked),
            moment(now),
        )
        records = tuple(found.record for found in routed)
        return Routes(records, _as(shipment_frame(records), orders))


def shipment_frame(records: Sequence[DecisionRecord]) -> pl.DataFrame:
    """Shipments of decisions, one row for each order line in them."""
    rows = [
        {
            "order": record.order,
            "line": line.line,
            "sku": line.sku,
            "units": line.units,
            "node": shipment.candidate.node,
            "service": shipment.candidate.service,
            "ship_on": shipment.candidate.ship_on,
            "cents": shipment.cents if number == 0 else 0,
        }
        for record in records
        if record.choice is not None
        for shipment in record.choice.shipments
        for number, line in enumerate(shipment.lines)
    ]
    schema = {
        "order": pl.String,
        "line": pl.String,
        "sku": pl.String,
        "units": pl.Int64,
        "node": pl.String,
        "service": pl.String,
        "ship_on": pl.Date,
        "cents": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema)
