"""The confidence gate: set on evidence, kept with it, lowered when days break the budget, and never on a guess."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evenstock.operations.gate import (
    DAY_CAP_MILLICENTS,
    SHUT,
    GateDeed,
    calibrate_gate,
    evidence_of,
    gate_in_force,
    kept_outcomes,
    log_outcomes,
    watch_gate,
)
from evenstock.operations.ports import ConflictError
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = dt.datetime(2026, 11, 20, 3, tzinfo=dt.UTC)
BUDGET = 1_000  # a cent an order


def outcomes(days: int, until: dt.date, orders: int = 200, bad: int = 11_000, seed: int = 1) -> pl.DataFrame:
    """Of 20 orders one is foretold 5,000 and loses `bad`, two are foretold 2,000 and lose 1,500, the rest lose nothing.

    All automatic: bad / 20 + 150 = 700 a decision; without the worst 150.
    """
    rng = np.random.default_rng(seed)
    day = np.repeat([until - dt.timedelta(days=d) for d in range(days)], orders)
    kind = rng.permuted(np.tile(np.arange(orders) % 20, (days, 1)), axis=1).ravel()
    return pl.DataFrame(
        {
            "decision": [f"route-{seed}-{n}" for n in range(day.size)],
            "day": day.tolist(),
            "score_millicents": np.select([kind == 0, kind < 3], [5_000, 2_000], 0),
            "regret_millicents": np.select([kind == 0, kind < 3], [bad, 1_500], 0),
        }
    )


@pytest.fixture
def at(tmp_path: Path) -> tuple[MemoryStore, SnapshotFolder]:
    return MemoryStore(), SnapshotFolder(tmp_path)


def test_a_gate_opens_as_far_as_the_budget_goes_and_keeps_its_evidence(at) -> None:
    store, snapshots = at
    seen = outcomes(60, NOW.date())
    done = calibrate_gate(store, snapshots, seen, budget_millicents=BUDGET, now=NOW, by="Ana")

    assert done.changed
    # Sixty days refute a mean above 1,000 where 700 was seen: everything passes, up to the largest score seen.
    assert (done.gate.threshold_millicents, done.gate.mean_millicents, done.gate.share_bp) == (5_000, 700, 10_000)
    assert 700 < done.gate.bound_millicents <= BUDGET
    with store.reading() as books:
        assert gate_in_force(books, snapshots) == done.gate
    assert evidence_of(snapshots, done.gate).height == 60 * 200
    with store.transaction() as books:
        [event] = books.outbox(10)
    assert (event.kind, event.body["threshold_millicents"], event.body["by"]) == ("GateCalibrated", 5_000, "Ana")

    # Half the budget does not carry the worst: without them 150 are lost on average.
    later = calibrate_gate(store, snapshots, seen, budget_millicents=500, now=NOW + dt.timedelta(hours=1), by="Ana")
    assert (later.gate.threshold_millicents, later.gate.mean_millicents, later.gate.share_bp) == (2_000, 150, 9_500)
    assert later.gate.previous == done.gate.digest


def test_too_few_days_leave_the_gate_as_it_is(at) -> None:
    store, snapshots = at
    few = calibrate_gate(store, snapshots, outcomes(8, NOW.date()), budget_millicents=BUDGET, now=NOW, by="Ana")
    assert (few.gate, few.changed) == (None, False)
    assert few.found.because == (
        "8 clusters are too few: with a cap of 5000 even no loss at all refutes a mean above 1000 only from 13 on"
    )
    with store.reading() as books:
        assert gate_in_force(books, snapshots) is None

    old = outcomes(60, NOW.date() - dt.timedelta(days=200))  # of another season
    assert not calibrate_gate(store, snapshots, old, budget_millicents=BUDGET, now=NOW, by="Ana").changed


def test_where_even_sure_decisions_break_the_budget_none_passes(at) -> None:
    store, snapshots = at
    lossy = outcomes(60, NOW.date()).with_columns(regret_millicents=pl.lit(3_000, pl.Int64))
    shut = calibrate_gate(store, snapshots, lossy, budget_millicents=BUDGET, now=NOW, by="Ana").gate
    assert (shut.threshold_millicents, shut.limit_millicents) == (None, SHUT)
    assert "nothing passes" in shut.because


def test_a_wilder_day_than_the_cap_allows_for_raises_the_cap(at) -> None:
    store, snapshots = at
    seen = outcomes(60, NOW.date())
    wild = seen.with_columns(
        regret_millicents=pl.when(pl.col("day") == NOW.date()).then(4_000).otherwise(pl.col("regret_millicents"))
    )
    calm = calibrate_gate(store, snapshots, seen, budget_millicents=BUDGET, now=NOW, by="Ana")
    later = calibrate_gate(store, snapshots, wild, budget_millicents=BUDGET, now=NOW + dt.timedelta(hours=1), by="Ana")
    assert DAY_CAP_MILLICENTS < 2 * 4_000
    assert later.gate.threshold_millicents < calm.gate.threshold_millicents
    assert later.found.capped == 0


def test_days_that_break_the_budget_lower_the_gate_until_it_is_calibrated_again(at) -> None:
    store, snapshots = at
    calibrate_gate(store, snapshots, outcomes(60, NOW.date()), budget_millicents=BUDGET, now=NOW, by="Ana")
    week = NOW + dt.timedelta(days=7)

    calm = watch_gate(store, snapshots, outcomes(7, week.date(), seed=2), now=week)
    assert (calm.tightened, calm.mean_millicents) == (False, 700.0)
    # The worst lose 37,000: 37,000 / 20 + 150 = 2,000 a decision.
    broken = watch_gate(store, snapshots, outcomes(7, week.date(), bad=37_000, seed=2), now=week)
    assert (broken.tightened, broken.days, broken.mean_millicents) == (True, 7, 2_000.0)
    with store.reading() as books:
        gate = gate_in_force(books, snapshots)
    assert (gate.threshold_millicents, gate.deed, gate.mean_millicents) == (2_000, GateDeed.TIGHTENED, 150)
    with store.transaction() as books:
        assert [event.kind for event in books.outbox(10)] == ["GateCalibrated", "GateTightened"]
    # The same days are before the new gate: they are not held against it.
    assert not watch_gate(store, snapshots, outcomes(7, week.date(), bad=37_000, seed=2), now=week).tightened


def test_a_broken_budget_on_two_days_is_not_judged_yet(at) -> None:
    store, snapshots = at
    assert watch_gate(store, snapshots, outcomes(7, NOW.date()), now=NOW).because.startswith("no gate was ever set")
    calibrate_gate(store, snapshots, outcomes(60, NOW.date()), budget_millicents=BUDGET, now=NOW, by="Ana")
    two = NOW + dt.timedelta(days=2)
    seen = watch_gate(store, snapshots, outcomes(2, two.date(), bad=90_000, seed=3), now=two)
    assert (seen.tightened, seen.because) == (False, "2 of 5 days since the gate was set")


def test_a_gate_set_by_another_in_the_meantime_is_not_overwritten(at, monkeypatch) -> None:
    store, snapshots = at
    seen = outcomes(60, NOW.date())
    take = snapshots.take

    def slowly(frames):
        monkeypatch.setattr(snapshots, "take", take)
        calibrate_gate(store, snapshots, seen, budget_millicents=500, now=NOW, by="Ben")
        return take(frames)

    monkeypatch.setattr(snapshots, "take", slowly)
    with pytest.raises(ConflictError):
        calibrate_gate(store, snapshots, seen, budget_millicents=BUDGET, now=NOW, by="Ana")
    with store.reading() as books:
        assert gate_in_force(books, snapshots).by == "Ben"


def test_outcomes_are_kept_night_by_night_and_the_last_word_on_a_decision_counts(at) -> None:
    store, snapshots = at
    log_outcomes(store, snapshots, outcomes(2, NOW.date(), orders=20), NOW)
    again = outcomes(1, NOW.date(), orders=20).with_columns(regret_millicents=pl.lit(7, pl.Int64))
    log_outcomes(store, snapshots, again, NOW)
    log_outcomes(store, snapshots, again, NOW)
    kept, _ = kept_outcomes(store, snapshots)
    assert kept.height == 40
    assert kept.filter(pl.col("regret_millicents") == 7).height == 20


def test_what_is_no_table_of_outcomes_is_refused(at) -> None:
    good = outcomes(1, NOW.date(), orders=20)
    for bad, said in (
        (good.drop("day"), "outcomes lack day"),
        (pl.concat([good, good.head(1)]), "decision route-1-0 stands twice"),
        (good.with_columns(regret_millicents=pl.lit(-1)), "below zero"),
        (good.with_columns(day=pl.lit("yesterday")), "no table of outcomes"),
        (good.with_columns(score_millicents=pl.lit(None, pl.Int64)), "empty cell"),
    ):
        with pytest.raises(ValueError, match=said):
            calibrate_gate(*at, bad, budget_millicents=BUDGET, now=NOW, by="Ana")
    with pytest.raises(ValueError, match="above zero"):
        calibrate_gate(*at, good, budget_millicents=0, now=NOW, by="Ana")
