"""Up to which expected regret a decision needs no person: calibrated to a budget in money, kept with its evidence, watched.

Nobody's gate is better than none that is wrong: with too few days of outcomes the one in force stays as it is. Where the
days since show that the budget is broken, the gate is lowered to what would have kept it on those days. It is not opened
to the gate before (that one was calibrated on an older world, which is no reason to trust it now), and not shut unless
nothing would have kept the budget: a queue of every order is read by nobody, and what is not read executes at its deadline.
Only a calibration raises it again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import numpy as np
import polars as pl

from evenstock.domain import Event, rfc3339
from evenstock.learning.clustered import share_and_error
from evenstock.learning.gates import SURE
from evenstock.learning.risk_control import DOUBT, RiskLimit, risk_limit
from evenstock.operations.ports import Snapshots, Store, StoreError, Transaction

POINTER: Final = "confidence gate"
LOG: Final = "regret outcomes"
"""Pointer of what decisions turned out to cost, as told night by night."""
OUTCOMES: Final[dict[str, type[pl.DataType]]] = {
    "decision": pl.String,
    "day": pl.Date,
    "score_millicents": pl.Int64,
    "regret_millicents": pl.Int64,
}
"""One row a decision: the regret foretold, and the realised one under hindsight prices, in thousandths of a cent.

Both are of the plan that the optimiser chose, also where a person then took another."""
LOOK_BACK_DAYS: Final = 120
"""Older outcomes are of another season and are not calibrated on."""
DAY_CAP_MILLICENTS: Final = 5_000
"""Most that the mean regret of one day's orders is taken to be with no person in between: 5 cents an order."""
WATCH_DAYS: Final = 14
LEAST_DAYS: Final = 5
"""Days since the gate was set before anything is said against it."""
SHUT: Final = -1
"""Below every regret."""


class GateDeed(StrEnum):
    CALIBRATED = "calibrated"
    TIGHTENED = "tightened"


@dataclass(frozen=True, slots=True)
class Gate:
    """What a decision's expected regret may be, on what evidence."""

    threshold_millicents: int | None
    """None: no decision passes, each is a person's."""
    budget_millicents: int
    """Most that the mean regret over all orders may be, those decided by people counting zero."""
    mean_millicents: int
    """Of the evidence, at this threshold."""
    bound_millicents: int
    """The true mean is below this, but for a chance of `DOUBT`; of a gate that was tightened, the cap: nothing is bounded."""
    share_bp: int
    """Share of the evidence's decisions that pass, in hundredths of a percent."""
    decisions: int
    days: int
    deed: GateDeed
    since: datetime
    by: str
    because: str
    previous: str = ""
    """Snapshot of the gate before; empty for the first."""
    digest: str = ""

    @property
    def limit_millicents(self) -> int:
        """The threshold as a decision's `Confidence` holds it: `SHUT` where nothing passes."""
        return SHUT if self.threshold_millicents is None else self.threshold_millicents


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a calibration found, and the gate in force after it."""

    gate: Gate | None
    """None where none was ever set and the evidence does not carry one."""
    found: RiskLimit
    changed: bool


@dataclass(frozen=True, slots=True)
class Watched:
    """How the days since the gate was set kept the budget."""

    gate: Gate | None
    days: int
    mean_millicents: float
    """NaN where there is no day."""
    error_millicents: float
    """Standard error, days being the observations; NaN with fewer than two."""
    tightened: bool
    because: str


def gate_in_force(books: Transaction, snapshots: Snapshots) -> Gate | None:
    """The gate decisions go through; None where none was ever set, and every lawful plan passes."""
    digest = books.pointer(POINTER)
    return None if digest is None else read_gate(snapshots, digest)


def read_gate(snapshots: Snapshots, digest: str) -> Gate:
    """Raises StoreError if the snapshot is missing or damaged, or keeps no gate."""
    frames = snapshots.read(digest)
    if "gate" not in frames:
        raise StoreError(f"snapshot {digest} keeps {', '.join(sorted(frames))}: that is no confidence gate")
    row = frames["gate"].row(0, named=True)
    moment = datetime.fromisoformat(row.pop("since"))
    return Gate(**(row | {"deed": GateDeed(row["deed"]), "since": moment, "digest": digest}))


def evidence_of(snapshots: Snapshots, gate: Gate) -> pl.DataFrame:
    """The outcomes a gate was set on."""
    return snapshots.read(gate.digest)["outcomes"]


def calibrate_gate(
    store: Store,
    snapshots: Snapshots,
    outcomes: pl.DataFrame,
    *,
    budget_millicents: int,
    now: datetime,
    by: str,
    cap_millicents: int = DAY_CAP_MILLICENTS,
    doubt: float = DOUBT,
) -> Calibration:
    """Set the largest threshold whose mean realised regret over all orders stays within the budget.

    Parameters
    ----------
    outcomes
        As `OUTCOMES`; those of the last `LOOK_BACK_DAYS` count. A day is one observation: its orders share their prices.
    budget_millicents
        Mean regret an order, above zero (`Costs.regret_budget_millicents`).
    cap_millicents
        Most that a day's mean regret can be with everything automatic. It is taken as twice the worst day seen where that
        is more.

    Returns
    -------
    Calibration
        With too few days (27 at the defaults' ratio of ten, 13 at five) nothing is changed.

    Raises
    ------
    ValueError
        If the frame is not one of outcomes, a decision stands in it twice, or the budget is not above zero.
    ConflictError
        If somebody else set the gate in the meantime.
    """
    if budget_millicents <= 0:
        raise ValueError(f"the budget for regret is above zero thousandths of a cent, not {budget_millicents}")
    first = now.date() - timedelta(days=LOOK_BACK_DAYS)
    seen = _checked(outcomes).filter(pl.col("day").is_between(first, now.date())).sort("day", "decision")
    worst = seen.group_by("day").agg(pl.col("regret_millicents").mean())["regret_millicents"].max()
    cap = max(cap_millicents, 2 * budget_millicents, 2.0 * float(worst or 0.0))  # type: ignore[arg-type]
    found = risk_limit(
        seen["score_millicents"].to_numpy(),
        seen["regret_millicents"].to_numpy(),
        budget=float(budget_millicents),
        cap=cap,
        cluster=seen["day"].to_physical().to_numpy(),
        doubt=doubt,
    )
    with store.transaction() as books:
        before = books.pointer(POINTER)
    in_force = read_gate(snapshots, before) if before else None
    if not found.enough:
        return Calibration(in_force, found, changed=False)
    gate = Gate(
        threshold_millicents=None if found.threshold is None else int(found.threshold),
        budget_millicents=budget_millicents,
        mean_millicents=round(found.mean),
        bound_millicents=round(found.bound),
        share_bp=round(10_000 * found.share),
        decisions=found.cases,
        days=found.clusters,
        deed=GateDeed.CALIBRATED,
        since=now,
        by=by,
        because=found.because,
        previous=before or "",
    )
    return Calibration(_keep(store, snapshots, gate, seen), found, changed=True)


def watch_gate(
    store: Store, snapshots: Snapshots, outcomes: pl.DataFrame, *, now: datetime, by: str = "watch"
) -> Watched:
    """Compare what automatic decisions cost since the gate was set with its budget; lower it where they broke it.

    The mean over all orders of the last `WATCH_DAYS` on which the gate was in force breaks the budget where it lies above
    it by two standard errors, days being the observations; fewer than `LEAST_DAYS` days are not judged.

    Raises
    ------
    ConflictError
        If somebody else set the gate in the meantime.
    """
    with store.transaction() as books:
        gate = gate_in_force(books, snapshots)
    if gate is None:
        return Watched(None, 0, np.nan, np.nan, False, "no gate was ever set: every lawful plan passes")
    first = max(gate.since.date(), now.date() - timedelta(days=WATCH_DAYS))
    seen = _checked(outcomes).filter(pl.col("day") > first, pl.col("day") <= now.date()).sort("day", "decision")
    day = seen["day"].to_physical().to_numpy().astype(np.int64)
    score, regret = (seen[name].to_numpy() for name in ("score_millicents", "regret_millicents"))
    passed = np.where(score <= gate.limit_millicents, regret, 0).astype(np.float64)
    mean, error = share_and_error(passed, np.ones(day.size), day)
    days = int(np.unique(day).size)
    said = f"{mean:.0f} thousandths of a cent an order over {days} days, give or take {error:.0f}, at a budget of {gate.budget_millicents}"
    if days < LEAST_DAYS:
        return Watched(gate, days, mean, error, False, f"{days} of {LEAST_DAYS} days since the gate was set")
    if mean - SURE * error <= gate.budget_millicents:
        return Watched(gate, days, mean, error, False, said)
    lower = _would_have_kept(score, regret, gate)
    because = f"the budget was broken: {said}; the gate is {'shut' if lower is None else f'lowered to {lower}'}"
    through = np.zeros(score.size, np.bool_) if lower is None else score <= lower
    tighter = replace(
        gate,
        threshold_millicents=lower,
        mean_millicents=round(float(np.where(through, regret, 0).mean())),
        bound_millicents=DAY_CAP_MILLICENTS,
        share_bp=round(10_000 * float(through.mean())),
        decisions=score.size,
        days=days,
        deed=GateDeed.TIGHTENED,
        since=now,
        by=by,
        because=because,
        previous=gate.digest,
        digest="",
    )
    return Watched(_keep(store, snapshots, tighter, seen), days, mean, error, True, because)


def log_outcomes(store: Store, snapshots: Snapshots, outcomes: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Add outcomes to those kept, and return all of them; a decision told again is replaced by what is told now.

    Raises
    ------
    ValueError
        If the frame is not one of outcomes, or names a decision twice.
    ConflictError
        If somebody else added some in the meantime.
    """
    told = _checked(outcomes)
    kept, before = kept_outcomes(store, snapshots)
    both = pl.concat([kept.join(told, on="decision", how="anti"), told]).sort("day", "decision")
    both = both.filter(pl.col("day") >= now.date() - timedelta(days=LOOK_BACK_DAYS))
    digest = snapshots.take({"outcomes": both})
    if digest != before:
        with store.transaction() as books:
            books.repoint(LOG, before, digest, now)
    return both


def kept_outcomes(store: Store, snapshots: Snapshots) -> tuple[pl.DataFrame, str | None]:
    """The outcomes told so far, and the pointer they were found under."""
    with store.transaction() as books:
        digest = books.pointer(LOG)
    return (pl.DataFrame(schema=OUTCOMES), None) if digest is None else (snapshots.read(digest)["outcomes"], digest)


def _would_have_kept(score: np.ndarray, regret: np.ndarray, gate: Gate) -> int | None:
    """The largest score below the threshold at which these decisions would have kept the budget on average."""
    scores, code = np.unique(score, return_inverse=True)
    mean = np.cumsum(np.bincount(code, regret)) / score.size
    able = scores[(mean <= gate.budget_millicents) & (scores < gate.limit_millicents)]
    return int(able[-1]) if able.size else None


def _checked(outcomes: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in OUTCOMES if name not in outcomes.columns]
    if missing:
        raise ValueError(f"outcomes lack {', '.join(missing)}; they have the columns {', '.join(OUTCOMES)}")
    try:
        told = outcomes.select(pl.col(name).cast(kind) for name, kind in OUTCOMES.items())
    except pl.exceptions.PolarsError as wrong:
        raise ValueError(f"no table of outcomes: {str(wrong).splitlines()[0]}") from wrong
    if told.null_count().sum_horizontal().item():
        raise ValueError("an outcome has an empty cell: leave out decisions whose regret is not known yet")
    if (told["regret_millicents"] < 0).any():
        raise ValueError("a regret is below zero: it is a cost less the least cost, under the same prices")
    twice = told.filter(pl.col("decision").is_duplicated())["decision"]
    if not twice.is_empty():
        raise ValueError(f"decision {twice.sort()[0]} stands twice among the outcomes; tell each once")
    return told


def _keep(store: Store, snapshots: Snapshots, gate: Gate, seen: pl.DataFrame) -> Gate:
    """Let it decide from now on, with its evidence, and tell others (`GateCalibrated`, `GateTightened`)."""
    row = {name: getattr(gate, name) for name in Gate.__slots__ if name != "digest"}
    row |= {"deed": gate.deed.value, "since": rfc3339(gate.since)}
    frame = pl.DataFrame([row], schema_overrides={"threshold_millicents": pl.Int64})
    digest = snapshots.take({"gate": frame, "outcomes": seen})
    body = {
        "threshold_millicents": gate.threshold_millicents,
        "budget_millicents": gate.budget_millicents,
        "bound_millicents": gate.bound_millicents,
        "share_bp": gate.share_bp,
        "days": gate.days,
        "by": gate.by,
        "because": gate.because,
        "snapshot": digest,
    }
    kind = "GateCalibrated" if gate.deed is GateDeed.CALIBRATED else "GateTightened"
    with store.transaction() as books:
        books.repoint(POINTER, gate.previous or None, digest, gate.since)
        books.publish([Event(f"gate:{rfc3339(gate.since)}:{digest[7:19]}", kind, "gate", gate.since, body)])
    return replace(gate, digest=digest)
