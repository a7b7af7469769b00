"""The monthly report as a document: every figure with its definition, its number of cases, and parts that add up again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from math import isfinite
from typing import Any, Final

import polars as pl

from evenstock.domain import Outcome, rfc3339
from evenstock.operations.company import Company
from evenstock.operations.deciding import CODE, Books, Decide
from evenstock.operations.outcomes.foretold import ForetoldAndCame, foretold_and_came
from evenstock.operations.outcomes.period import Period
from evenstock.operations.outcomes.recommendation import ANSWERED, Became, counted, reasons, recommendations, sources
from evenstock.operations.outcomes.running import Running, running
from evenstock.operations.outcomes.told import Told
from evenstock.operations.ports import Entry, Snapshots, Store
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import Candidates
from evenstock.routing.decide import Decision
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.monthly.advice import Advice, advice
from evenstock.simulation.monthly.regret import NEAREST, OURS, Regret, regret_of
from evenstock.simulation.monthly.savings import Paid, paid
from evenstock.simulation.replay.bound import SWEEPS
from evenstock.simulation.replay.causes import SAMPLE

KIND: Final = "monthly report"
DEAREST: Final = 10
ADOPTION: Final = "adopted over adopted, edited and refused: what people answered"
FORM: Final = 1
"""Of the document; grows where a reader must know."""


def month_report(
    store: Store,
    snapshots: Snapshots,
    company: Company,
    period: Period,
    *,
    now: datetime,
    nodes: frozenset[str] | None = None,
    sample: int = SAMPLE,
    sweeps: int = SWEEPS,
    stopwatch: Callable[[], float] | None = None,
    tick: Callable[[int, int], None] = lambda _done, _of: None,
) -> dict[str, Any]:
    """The report of a period, as plain JSON.

    Parameters
    ----------
    nodes
        Only what belongs to these nodes: then regret and savings of routing are left out, which are of the whole company's
        stock, and so is the cost of running.
    sample
        Orders that are decided again.
    stopwatch
        Seconds of processor time so far, to say what a decision takes; without it nothing is said of it.
    """
    told = Told(store, snapshots, company, period, nodes)
    frame = recommendations(told)
    foretold = foretold_and_came(told)
    watch = _Watch(stopwatch)
    regret = (
        None if nodes is not None else regret_of(told, foretold, sample=sample, sweeps=sweeps, timed=watch, tick=tick)
    )
    answered = frame.filter(pl.col("became").is_in([one.value for one in ANSWERED]))
    seconds = watch.a_decision
    cost = running(
        told, answered.height, float(answered["minutes"].sum() or 0.0),
        None if seconds is None else seconds * len(told.decisions),
    )  # fmt: skip
    money = paid(told, regret, cost)
    document: dict[str, Any] = plain(
        {
            "form": FORM,
            "period": {"first": period.first, "last": period.last, "zone": period.zone,
                       "month": f"{period.first:%Y-%m}" if period.is_month else None},
            "nodes": None if nodes is None else sorted(nodes),
            "made_at": rfc3339(now),
            "code": CODE,
            "network": company.digests.get("network", ""),
            "policy": company.network.policy.digest,
            "to_do": [asdict(one) for one in _advice(told, frame, foretold, regret, money)],
            "decided": decided(told),
            "recommendations": recommended(frame),
            "foretold": foretold_of(foretold),
            "regret": None if regret is None else _regret(regret),
            "money": _money(money, cost) if nodes is None else None,
            "notes": [*foretold.notes, *(regret.notes if regret is not None else ()), *_gaps(told, frame, regret)],
        }
    )  # fmt: skip
    return document


def keep_report(store: Store, document: Mapping[str, Any]) -> bool:
    """Keep a month's report; False, and nothing changed, where one of it was kept."""
    name = document["period"]["month"]
    if name is None:
        raise ValueError("only the report of a calendar month is kept")
    with store.transaction() as books:
        if books.entry(KIND, name) is not None:
            return False
        books.enter(Entry(KIND, name, dict(document), state="made"))
    return True


def kept_report(store: Store, month: str) -> Mapping[str, Any] | None:
    """The report kept of a month (2026-10); None where none is."""
    with store.reading() as books:
        found = books.entry(KIND, month)
    return found.body if found is not None else None


def kept_months(store: Store) -> list[str]:
    """Months of which a report is kept, oldest first."""
    with store.reading() as books:
        return [entry.id for entry in books.entries(KIND)]


def recommended(frame: pl.DataFrame) -> dict[str, Any]:
    """What became of recommendations: in all, by layer, kind, node, proposer and decider, each adding up to all."""
    whole = counted(frame).drop("all")
    return {
        "definition": "recommendations made in the period, each under exactly one of "
        + ", ".join(one.value for one in Became),
        "adoption": ADOPTION,
        "money": {name: source.MONEY for name, source in sources().items()},
        "all": whole.row(0, named=True) if whole.height else None,
        **{f"by_{name}": counted(frame, name).to_dicts() for name in ("layer", "kind", "node", "proposer", "decider")},
        "reasons": reasons(frame).to_dicts(),
    }


class _Watch:
    """How long decisions take, by somebody else's stopwatch."""

    def __init__(self, stopwatch: Callable[[], float] | None) -> None:
        self.stopwatch, self.seconds, self.times = stopwatch, 0.0, 0

    def __call__(self, decide: Decide) -> Decide:
        read_off = self.stopwatch
        if read_off is None:
            return decide

        def timed(found: Candidates, network: ShippingNetwork, policy: CompiledPolicy, read: Books) -> Decision:
            begun = read_off()
            made = decide(found, network, policy, read)
            self.seconds += read_off() - begun
            self.times += 1
            return made

        return timed

    @property
    def a_decision(self) -> float | None:
        return self.seconds / self.times if self.times else None


def _advice(
    told: Told, frame: pl.DataFrame, foretold: ForetoldAndCame, regret: Regret | None, money: Paid
) -> Sequence[Advice]:
    if not told.decisions and frame.is_empty():
        return (Advice("Nothing was decided and nothing recommended in this period: there is nothing to act on", 0),)
    return advice(frame, foretold, regret, money)


def decided(told: Told) -> dict[str, Any]:
    """Orders by who in effect decided them first."""
    first = [
        record for record in told.first_decisions.values() if told.nodes is None or str(record.order) in _own(told)
    ]
    layers = Counter(record.layer.value for record in first if record.outcome is not Outcome.UNSERVED)
    return {
        "definition": "orders first decided in the period, by what in effect decided: rules left one plan, the optimiser chose"
        " among lawful ones, or a person was asked; unserved where no lawful plan was found",
        "records": len(told.decisions),
        "shadow": told.shadow,
        "orders": len(first),
        "by_layer": [{"layer": name, "orders": layers[name]} for name in sorted(layers)]
        + [{"layer": "unserved", "orders": len(first) - layers.total()}],
    }


def _own(told: Told) -> set[str]:
    return {str(name) for name in told.served}


def foretold_of(found: ForetoldAndCame) -> dict[str, Any]:
    """What was foretold against what came, each figure with its number of cases and what it may be taken for."""
    delivery = asdict(found.delivery)
    return {
        "money": [{**asdict(one), "says": one.says.value} for one in found.money],
        "demand": [{**asdict(one), "says": one.says.value} for one in found.demand],
        "delivery": {
            **delivery,
            "bins": [{**asdict(one), "says": one.says.value} for one in found.delivery.bins],
            "definition": "orders with a promise whose every shipment has arrived: the probability of the day promised, believed"
            " when it was decided, against whether it was kept; Brier score, and skill against always saying the share seen",
        },
        "coverage": [{**asdict(one), "says": one.says.value} for one in found.coverage],
    }


def _regret(found: Regret) -> dict[str, Any]:
    told = found.by_cause
    dear = sorted(told.judged, key=lambda one: (-one.regret_cents, one.order))[:DEAREST]
    names = [row.cause for row in told.rows]

    def row(one: Any) -> dict[str, Any]:
        ratio = one.an_order
        return {
            "cause": one.cause, "cents": one.cents, "orders": one.orders, "cents_an_order": ratio.ratio, "low": ratio.low,
            "high": ratio.high, "dearest": one.dearest,
        }  # fmt: skip

    return {
        "definition": "of an even sample of the period's orders, what was done less what deciding with the whole truth would have"
        " cost, in cents paid and units at what they turned out to be worth; shared by Shapley's value of mending each cause",
        "orders": told.orders,
        "judged": len(told.judged),
        "days": told.total.an_order.blocks,
        "left_out": [{"because": why, "orders": count} for why, count in told.left_out],
        "rows": [row(one) for one in told.rows],
        "total": row(told.total),
        "done_cents": sum(one.done_cents for one in told.judged),
        "dearest": [
            {
                "order": one.order, "on": one.on, "done": one.done, "best": one.best, "cents": one.regret_cents,
                "parts": dict(zip(names, (*one.by_cause, one.otherwise_cents), strict=True)),
            }
            for one in dear
            if one.regret_cents > 0
        ],
        "ledger": {
            "definition": "all orders, scaled from the sample: from what was done down to the certified bound that no lawful"
            " routing beats",
            "bound_cents": round(found.certificate.cents),
            "distance_cents": found.ledger.distance_cents,
            "rows": [asdict(one) for one in found.ledger.rows],
        },
        "truths": {
            "services_invoiced_otherwise_bp": dict(found.share_bp),
            "shelves_short": found.missing_shelves,
            "orders_changed_by_people": found.changed,
        },
    }  # fmt: skip


def _money(money: Paid, cost: Running) -> dict[str, Any]:
    return {
        **asdict(money),
        "running": {
            "rows": [asdict(one) for one in cost.rows],
            "cents": cost.cents,
            "measured": [{"what": what, "quantity": much, "definition": why} for what, much, why in cost.measured],
            "entered": {"since": cost.entered.since, "by": cost.entered.by, "at": cost.entered.at},
        },
        "definition": f"savings that count are those of routing against the {NEAREST} and of transfers against moving nothing;"
        f" the saving against {OURS} is part of the first; rules, promises and forecasts are not in money",
    }


def _gaps(told: Told, frame: pl.DataFrame, regret: Regret | None) -> list[str]:
    """What the report cannot say, and why."""
    notes = []
    if told.decisions and told.shadow == len(told.decisions):
        notes.append(
            "every decision of the period was made in shadow: nothing was done by them; see `evenstock replay`"
        )
    if told.nodes is not None:
        notes.append("regret, savings and running costs are the company's: ask without nodes")
    elif regret is None:
        notes.append(
            "no regret was measured: no order was decided for shipping in the period, or there are no rate cards"
        )
    if frame.is_empty():
        notes.append("nothing was recommended to people in the period")
    return notes


def plain(value: Any) -> Any:
    """As JSON has it: days as text, and None for what is not a number."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return round(value, 6) if isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value if not isinstance(value, str) else str(value)
    return value.isoformat()
