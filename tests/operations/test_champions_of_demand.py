"""Training, promotion and roll-back: each on record, each through the gates or on a person's word."""

import datetime as dt

import polars as pl
import pytest
from tests.operations.forecasting_brand import FIRST, Brand, demand, night

from evenstock.domain import Allow, NeedsApproval, Refuse
from evenstock.learning import Deed, Outcome
from evenstock.operations.backtest_forecast import backtest_forecast
from evenstock.operations.forecast_demand import forecast_demand
from evenstock.operations.live_scores import DAYS, SUMS
from evenstock.operations.model_versions import challenge, champion_of, champion_records, keep_version, read_version
from evenstock.operations.ports import ConflictError, StoreError
from evenstock.operations.promote_forecast import promote_forecast
from evenstock.operations.roll_back_forecast import roll_back_forecast
from evenstock.operations.train_forecast import train_forecast

START = FIRST + dt.timedelta(days=220)
SMALL = demand(skus=20)


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Brand:
    return Brand(tmp_path_factory.mktemp("brand"), SMALL, START)


@pytest.fixture(scope="module")
def trained(plain) -> dict[str, str]:
    """Snapshot of a version of each model, as training leaves it."""
    return {model: train(plain.again(), model).kept.digest for model in ("baseline", "empirical", "seasonal_naive")}


@pytest.fixture
def brand(plain, trained) -> Brand:
    twin = plain.again()
    twin.trained = trained
    return twin


def stand_beside(brand: Brand, model: str):
    """What training does to the books, without training again."""
    digest = brand.trained[model]
    with brand.store.transaction() as books:
        books.point("challenger:demand", digest, night(brand.today))
    return read_version(brand.snapshots, digest)


def train(brand: Brand, model: str = "empirical", **more):
    more = {"origins": 1} | more  # one origin is enough where the gates are not the point
    return train_forecast(*brand.books, brand.company, as_of=brand.today, now=night(brand.today), model=model, **more)


def promote(brand: Brand, **more):
    return promote_forecast(*brand.books, by="dana", now=night(brand.today), **more)


def overridden(brand: Brand, model: str):
    stand_beside(brand, model)
    return promote(brand, because="to test", override=True).record


def test_a_version_says_what_it_was_made_from(brand) -> None:
    kept = train(brand, seed=3).kept

    assert kept.version.model == "empirical"
    assert dict(kept.version.data) == {name: brand.company.digests[name] for name in ("demand", "network")}
    assert kept.version.cut_off == START - dt.timedelta(days=1)
    assert (kept.version.seed, kept.version.code.split()[0]) == (3, "evenstock")
    assert read_version(brand.snapshots, kept.digest).version == kept.version
    assert set(kept.frames["scores"]["model"]) == {"empirical", "baseline", "seasonal_naive"}


def test_training_the_same_again_is_the_same_version_told_once(brand) -> None:
    first = train(brand)
    brand.today += dt.timedelta(days=1)  # a day later, with no new demand
    second = train(brand)

    assert first.kept.digest == second.kept.digest
    assert len(brand.facts("ModelTrained")) == 1


def test_twenty_items_are_too_few_to_judge_and_a_person_is_asked(brand) -> None:
    stand_beside(brand, "baseline")
    promote(brand)  # the fast forecast needs no gate where nobody is champion
    brand.go_to(brand.today + dt.timedelta(days=1))
    train(brand, "baseline", origins=3)
    verdict = promote(brand).verdict

    assert isinstance(verdict, NeedsApproval)
    assert "too little data to judge" in verdict.because


def test_a_worse_model_is_refused_and_nothing_changes(brand) -> None:
    stand_beside(brand, "seasonal_naive")
    done = promote(brand)

    assert isinstance(done.verdict, Refuse)
    assert done.record is None
    assert champion_of(*brand.books, "demand") is None


def test_a_person_may_override_the_gates_with_a_reason_which_is_recorded(brand) -> None:
    stand_beside(brand, "seasonal_naive")
    with pytest.raises(ValueError, match="say who does and why"):
        promote(brand, override=True)
    record = promote(brand, override=True, because="we start over").record

    assert record is not None
    assert record.overridden
    assert (record.by, record.because) == ("dana", "we start over")
    told = brand.facts("ModelPromoted")
    assert [(body["by"], body["overridden"]) for body in told] == [("dana", True)]


def test_the_first_champion_may_be_the_fast_forecast_without_any_gate(brand) -> None:
    stand_beside(brand, "baseline")
    done = promote(brand)

    assert done.verdict == Allow()
    assert done.record is not None
    assert not done.record.overridden


def test_promoting_twice_is_promoting_once(brand) -> None:
    stand_beside(brand, "baseline")
    first, second = promote(brand), promote(brand)

    assert first.record == second.record
    assert len(champion_records(*brand.books, "demand")) == 1


def test_without_a_challenger_there_is_nothing_to_promote(brand) -> None:
    with pytest.raises(StoreError, match="forecast fit"):
        promote(brand)


def test_a_good_challenger_passes_after_a_fortnight_beside_the_champion(tmp_path) -> None:
    """A hundred and thirty items: enough to judge every gate. The days beside are written as the watch would."""
    brand = Brand(tmp_path, demand(2, days=300, skus=130), FIRST + dt.timedelta(days=300))
    kept = train(brand, "baseline", origins=3).kept
    assert {gate.outcome for gate in kept.gates} == {Outcome.PASSED}, [g.because for g in kept.gates if not g.passed]
    train(brand, "empirical", most_series=60)
    empirical = promote(brand, because="to test", override=True).record
    brand.today += dt.timedelta(days=15)
    with brand.store.transaction() as books:
        books.point("challenger:demand", kept.digest, night(START))

    assert isinstance(promote(brand).verdict, NeedsApproval)  # no day beside the champion yet
    log(brand, challenger=kept.version.id, champion=empirical.version, days=14, ratio=1.02)
    done = promote(brand)

    assert done.verdict == Allow()
    assert done.record is not None
    assert done.record.because == "it passed every gate"
    assert not done.record.overridden


def test_a_challenger_that_loses_beside_the_champion_is_refused(brand) -> None:
    champion = overridden(brand, "seasonal_naive")
    kept = stand_beside(brand, "empirical")
    log(brand, challenger=kept.version.id, champion=champion.version, days=14, ratio=1.04)
    verdict = promote(brand).verdict

    assert isinstance(verdict, Refuse)
    assert "live loss over the champion's is 1.040" in verdict.because


def log(brand: Brand, *, challenger: str, champion: str, days: int, ratio: float) -> None:
    """What the watch writes: so many days on which the challenger lost `ratio` times what the champion did."""
    rows = [
        {"date": START + dt.timedelta(days=k), "role": role, "model": model, "loss": loss, "node": "TX"}
        for k in range(days)
        for role, model, loss in (("challenger", challenger, 10.0 * ratio), ("served", champion, 10.0))
    ]
    frame = pl.DataFrame(rows, schema={name: kind for name, kind in DAYS.items() if name in rows[0]})
    absent = [pl.lit(None, kind).alias(name) for name, kind in DAYS.items() if name not in frame.columns]
    frames = {"days": frame.with_columns(absent).select(list(DAYS)), "sums": pl.DataFrame(schema=SUMS)}
    with brand.store.transaction() as books:
        books.point("watch:demand", brand.snapshots.take(frames), night(START))


def test_one_call_rolls_back_to_the_champion_before_and_another_to_the_one_before_that(brand) -> None:
    first, second = overridden(brand, "empirical"), overridden(brand, "seasonal_naive")
    assert champion_of(*brand.books, "demand").record == second

    back = roll_back_forecast(*brand.books, by="dana", because="it is worse", now=night(START))
    assert (back.deed, back.version) == (Deed.ROLLED_BACK, first.version)
    made = forecast_demand(*brand.books, brand.company, as_of=START, now=night(START))
    assert made.forecast.version == "empirical-56"

    roll_back_forecast(*brand.books, by="dana", because="and that too", now=night(START))
    made = forecast_demand(*brand.books, brand.company, as_of=START, now=night(START))
    assert made.forecast.version.startswith("baseline")
    with pytest.raises(StoreError, match="serves already"):
        roll_back_forecast(*brand.books, by="dana", because="once more", now=night(START))
    chain = champion_records(*brand.books, "demand")
    assert [record.deed.value for record in chain] == ["promoted", "promoted", "rolled_back", "rolled_back"]
    assert [body["because"] for body in brand.facts("ModelRolledBack")] == ["it is worse", "and that too"]


def test_a_roll_back_of_one_version_leaves_another_alone(brand) -> None:
    record = overridden(brand, "empirical")

    assert roll_back_forecast(*brand.books, by="w", because="x", now=night(START), version="sha256:other") is None
    assert champion_of(*brand.books, "demand").record == record


def test_of_two_promotions_on_the_same_sight_one_is_refused(brand, monkeypatch) -> None:
    from evenstock.operations import promote_forecast as module

    seen = champion_of(*brand.books, "demand")
    overridden(brand, "empirical")
    stand_beside(brand, "seasonal_naive")
    monkeypatch.setattr(module, "champion_of", lambda *_: seen)

    with pytest.raises(ConflictError, match="champion:demand means"):
        promote(brand, because="to test", override=True)
    assert len(champion_records(*brand.books, "demand")) == 1


def test_a_short_history_is_not_backtested_and_passes_nothing(tmp_path) -> None:
    brand = Brand(tmp_path, demand(skus=5), FIRST + dt.timedelta(days=60))
    trained = train(brand)

    assert isinstance(trained.verdict, NeedsApproval)
    assert "60 of 84 days that a backtest needs" in trained.verdict.because


def test_a_backtest_is_of_whole_items_and_says_of_how_many(brand) -> None:
    found = backtest_forecast(brand.company, as_of=START, models=["empirical"], origins=1, most_series=30)

    assert found.series == 30
    assert found.sentence.startswith("30 of 60 series, 28 days from each of 1 origins")
    assert set(found.scores["model"]) == {"empirical", "baseline", "seasonal_naive"}
    assert any(gate.name.startswith("WSPL over that of baseline") for gate in found.gates)


def test_champions_follow_one_another_in_every_store(store, brand) -> None:
    """Memory, SQLite and PostgreSQL: promote, promote, roll back, and the same version kept once."""
    books = (store, brand.snapshots)
    kept = {model: read_version(brand.snapshots, digest) for model, digest in brand.trained.items()}
    for model in ("baseline", "empirical"):
        again = keep_version(
            *books, kept[model].version, gates_seen=kept[model].gates, frames=kept[model].frames, now=night(START)
        )
        assert again.digest == kept[model].digest
        with store.transaction() as t:
            challenge(t, "demand", again.digest, night(START))
        promote_forecast(*books, by="dana", now=night(START), because="to test", override=True)
    assert (
        roll_back_forecast(*books, by="dana", because="back", now=night(START)).version == kept["baseline"].version.id
    )

    chain = champion_records(*books, "demand")
    assert [(record.deed.value, record.overridden) for record in chain] == [
        ("promoted", False), ("promoted", True), ("rolled_back", False),
    ]  # fmt: skip
    with store.transaction() as t:
        assert [event.kind for event in t.outbox(9)] == ["ModelPromoted", "ModelPromoted", "ModelRolledBack"]
