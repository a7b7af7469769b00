"""Rules, weights, models and stages go back together, all or none, and decisions are then what they were, byte for byte."""

import datetime as dt
from dataclasses import replace

import pytest

from evenstock.domain import ActionKind
from evenstock.learning import ChampionRecord, Deed, ModelVersion
from evenstock.operations.autonomy.keeping import stages_in_force
from evenstock.operations.autonomy.set_stage import set_stage
from evenstock.operations.autonomy.stages import Scope, Stage, StageLine
from evenstock.operations.company import Company
from evenstock.operations.cost_book import cost_history, costs_in_force, roll_back_costs, set_costs
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.import_network import import_network
from evenstock.operations.model_versions import champion_of, crown, keep_version
from evenstock.operations.network import orders_from_frame
from evenstock.operations.open_balances import open_balances
from evenstock.operations.ports import ConflictError, StoreError
from evenstock.operations.roll_back_all import Part, roll_back_all
from evenstock.operations.roll_out import set_roll_out
from evenstock.operations.route_order import route_order
from evenstock.operations.rulebook import activate_rules, history, propose_rules
from evenstock.simulation.world import make_world
from evenstock.storage import open_store
from evenstock.storage.snapshots import SnapshotFolder

HOUR = dt.timedelta(hours=1)
NOW = dt.datetime(2026, 9, 15, 14, tzinfo=dt.UTC)
WHO = {"by": "Ana", "because": "it went wrong"}
FIRST, SECOND = "rule open: active\n", "rule open: active\nrule one: max_shipments 1\n"


@pytest.fixture(scope="module")
def world():
    return make_world(seed=6, nodes=3, skus=50, days=60, orders_per_day=40)


@pytest.fixture
def company(tmp_path, world):
    store, snapshots = open_store("memory:"), SnapshotFolder(tmp_path)
    import_network(store, snapshots, world.frames, NOW - 10 * HOUR)
    return store, snapshots


def champion(company, name: str, at: dt.datetime) -> None:
    version = ModelVersion("demand", name, "1", f"sha256:{name}", (), (), "1", 0, at.date(), at)
    kept = keep_version(*company, version, gates_seen=(), frames={}, now=at)
    seen = champion_of(*company, "demand")
    record = ChampionRecord(
        "demand", Deed.PROMOTED, kept.version.id, kept.digest, seen.digest if seen else "", "Ana", at, "better"
    )
    crown(*company, record, ())


def rules(company, said: str, at: dt.datetime) -> None:
    version = propose_rules(*company, said, by="Ana", because="try", now=at)
    activate_rules(*company, version.id, by="Ben", now=at)


def change_everything(company, at: dt.datetime, said: str, late: int, model: str, share: int) -> None:
    rules(company, said, at)
    set_costs(*company, {"late_order_cents": late}, by="Ana", because="try", now=at)
    champion(company, model, at)
    set_roll_out(*company, live=True, share_bp=share, by="Ana", because="try", now=at)


def stand(company) -> tuple[object, ...]:
    """What is in force, whoever put it there and when."""
    store, snapshots = company
    with store.reading() as books:
        stages, costs = stages_in_force(books, snapshots), costs_in_force(books, snapshots)
    serves = champion_of(*company, "demand")
    deeds = history(*company)
    return (
        deeds[-1].version if deeds else "",
        dict(costs.amounts) if costs else {},
        serves.record.version if serves else "",
        (stages.routing.live, stages.routing.share_bp, [str(line) for line in stages.lines]),
    )


def decided(company, world) -> list[bytes]:
    """The first orders decided on full books of their own, under what is in force."""
    here = Company.load(*company, NOW.date())
    fresh = open_store("memory:")
    open_balances(fresh, world.frames["stock"], "sha256:test", NOW - 10 * HOUR)
    orders = [replace(order, placed_at=NOW, promise=None) for order in orders_from_frame(world.frames["orders"])[:12]]
    return [
        route_order(fresh, here.shipping, here.network.policy, RouteOrder(order, NOW)).record.canonical()
        for order in orders
    ]


def test_back_to_a_moment_every_decision_is_what_it_was_byte_for_byte(company, world) -> None:
    change_everything(company, NOW, FIRST, 500, "one", 4_000)
    then, before = stand(company), decided(company, world)
    change_everything(company, NOW + 2 * HOUR, SECOND, 9_000, "two", 8_000)
    set_stage(
        *company, StageLine(Stage.GUIDED, Scope(frozenset({ActionKind.BUY}))), by="Ana", because="x", now=NOW + 3 * HOUR
    )
    between = decided(company, world)
    assert between != before

    rehearsed = roll_back_all(*company, **WHO, now=NOW + 4 * HOUR, to=NOW + HOUR, rehearse=True)
    assert [step.changes for step in rehearsed.steps] == [True] * 4
    assert decided(company, world) == between

    done = roll_back_all(*company, **WHO, now=NOW + 4 * HOUR, to=NOW + HOUR)
    assert done.steps == rehearsed.steps
    assert done.done
    assert stand(company) == then
    assert decided(company, world) == before

    again = roll_back_all(*company, **WHO, now=NOW + 5 * HOUR, to=NOW + HOUR)
    assert not any(step.changes for step in again.steps)


def test_before_anything_was_set_what_was_imported_holds(company, world) -> None:
    before = decided(company, world)
    change_everything(company, NOW, SECOND, 9_000, "one", 4_000)
    roll_back_all(*company, **WHO, now=NOW + 2 * HOUR, to=NOW - HOUR)
    assert stand(company) == ("", {}, "", (True, 10_000, []))
    assert decided(company, world) == before


def test_one_step_back_of_each_part_and_only_of_those_named(company) -> None:
    change_everything(company, NOW, FIRST, 500, "one", 4_000)
    then = stand(company)
    change_everything(company, NOW + HOUR, SECOND, 9_000, "two", 8_000)
    later = stand(company)
    done = roll_back_all(*company, **WHO, now=NOW + 2 * HOUR, parts=[Part.RULES, Part.STAGES])
    assert [step.part for step in done.steps] == [Part.RULES, Part.STAGES]
    assert stand(company) == (then[0], later[1], later[2], then[3])
    roll_back_all(*company, **WHO, now=NOW + 3 * HOUR, parts=[Part.WEIGHTS, Part.MODELS])
    assert stand(company) == then
    # As the single operations would do it from here: they agree on what stands before.
    roll_back_all(*company, **WHO, now=NOW + 4 * HOUR)
    assert stand(company) == ("", {}, "", (False, 10_000, []))
    done = roll_back_all(*company, **WHO, now=NOW + 5 * HOUR, parts=[Part.RULES, Part.WEIGHTS, Part.MODELS])
    assert [step.because for step in done.steps] == ["there is nothing before it"] * 3


def test_where_one_part_cannot_go_back_none_does(company, monkeypatch) -> None:
    change_everything(company, NOW, FIRST, 500, "one", 4_000)
    change_everything(company, NOW + HOUR, SECOND, 9_000, "two", 8_000)
    before = stand(company)

    def lost(*_: object) -> None:
        raise ConflictError("somebody else promoted a model in the meantime")

    monkeypatch.setattr("evenstock.operations.roll_back_all.crown", lost)
    with pytest.raises(ConflictError):
        roll_back_all(*company, **WHO, now=NOW + 3 * HOUR)
    assert stand(company) == before


def test_a_roll_back_says_who_why_and_to_when(company) -> None:
    with pytest.raises(ValueError, match="who decided it and why"):
        roll_back_all(*company, by="", because="x", now=NOW)
    with pytest.raises(ValueError, match="not to 2026-09-15T15"):
        roll_back_all(*company, **WHO, now=NOW, to=NOW + HOUR)
    with pytest.raises(ValueError, match="at least one part"):
        roll_back_all(*company, **WHO, now=NOW, parts=[])


def test_costs_lie_over_the_imported_table_and_go_back_step_by_step(company) -> None:
    store, snapshots = company
    imported = Company.load(*company, NOW.date()).network.costs
    set_costs(*company, {"late_order_cents": 700}, by="Ana", because="try", now=NOW)
    set_costs(*company, {"claim_cents": 50}, by="Ana", because="try", now=NOW + HOUR)
    assert Company.load(*company, NOW.date()).network.costs == replace(imported, late_order_cents=700, claim_cents=50)
    roll_back_costs(*company, **WHO, now=NOW + 2 * HOUR)
    assert Company.load(*company, NOW.date()).network.costs == replace(imported, late_order_cents=700)
    roll_back_costs(*company, **WHO, now=NOW + 3 * HOUR)
    assert Company.load(*company, NOW.date()).network.costs == imported
    with pytest.raises(StoreError, match="the imported table holds already"):
        roll_back_costs(*company, **WHO, now=NOW + 4 * HOUR)
    assert [version.because for version in cost_history(*company)] == [
        "try", "try", "rolled back: it went wrong", "rolled back: it went wrong",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="there is no cost 'lateness'"):
        set_costs(*company, {"lateness": 1}, by="Ana", because="try", now=NOW)
    with pytest.raises(ValueError, match="cannot be below zero"):
        set_costs(*company, {"claim_cents": -1}, by="Ana", because="try", now=NOW)
    with store.reading() as books:
        assert costs_in_force(books, snapshots) is not None
