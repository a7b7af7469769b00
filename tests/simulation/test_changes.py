"""A change is tried on the orders of the last 30 days, each beside itself under what is in force."""

import datetime as dt
from dataclasses import replace
from math import isnan

import pytest

from evenstock.domain import ActionKind, Outcome
from evenstock.operations.autonomy.evidence import NotSimulatedError, keep_simulated, simulated_told
from evenstock.operations.autonomy.halting import halt, resume
from evenstock.operations.autonomy.keeping import stages_in_force
from evenstock.operations.autonomy.live_routing import RollOut
from evenstock.operations.autonomy.set_stage import ask_for_evidence, set_stage, with_line
from evenstock.operations.autonomy.stages import Scope, Stage, StageLine, Stages
from evenstock.operations.company import Company
from evenstock.operations.cost_book import set_costs
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.decisions import decision_from
from evenstock.operations.import_network import import_network
from evenstock.operations.network import orders_from_frame
from evenstock.operations.route_order import route_order
from evenstock.operations.rulebook import activate_rules, propose_rules
from evenstock.policy import text
from evenstock.simulation.changes import (
    change_of_costs,
    change_of_rules,
    change_of_stages,
    recorded,
    simulate_change,
)
from evenstock.simulation.world import make_world
from evenstock.storage import open_store
from evenstock.storage.snapshots import SnapshotFolder

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
NOW = dt.datetime(2026, 9, 18, 14, tzinfo=dt.UTC)
ROUTES = Scope(frozenset({ActionKind.ROUTE}))
OPEN = "rule open: active\n"


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A company that routed forty orders on each of three days, from books that are full."""
    world = make_world(seed=6, nodes=3, skus=300, days=60, orders_per_day=200)
    store, snapshots = open_store("memory:"), SnapshotFolder(tmp_path_factory.mktemp("lived"))
    frames = {name: frame for name, frame in world.frames.items() if name != "rules"}
    import_network(store, snapshots, frames, NOW - 2 * DAY - HOUR)
    version = propose_rules(store, snapshots, OPEN, by="Ana", because="plain", now=NOW - 2 * DAY - HOUR)
    activate_rules(store, snapshots, version.id, by="Ben", now=NOW - 2 * DAY - HOUR)
    here = Company.load(store, snapshots, NOW.date())
    for day in range(3):
        at = NOW - (2 - day) * DAY
        for order in orders_from_frame(world.frames["orders"])[40 * day : 40 * day + 40]:
            asked = replace(order, placed_at=at, promise=None)
            route_order(store, here.shipping, here.network.policy, RouteOrder(asked, at))
    return store, snapshots


@pytest.fixture
def here(lived) -> Company:
    return Company.load(*lived, NOW.date())


def tried(lived, change):
    return simulate_change(change, recorded(lived[0], _here(lived), NOW), by="Ana", now=NOW)


def _here(lived) -> Company:
    return Company.load(*lived, NOW.date())


def executed(lived) -> list[tuple[str, ...]]:
    with lived[0].reading() as books:
        records = [decision_from(record) for record in books.decisions(1_000)]
    return [record.choice.nodes for record in records if record.outcome is Outcome.EXECUTED]


def test_the_rules_in_force_against_themselves_change_nothing(lived, here) -> None:
    found = tried(lived, change_of_rules(here, text.parse(OPEN)))
    assert found.of == found.against == here.network.policy.digest
    assert found.now == found.then
    assert (found.difference_cents, found.worst) == (0, ())
    assert (found.orders + found.left_out, found.days) == (120, 3)
    assert found.now.served + found.now.unserved == found.orders
    assert abs(found.now.served - len(executed(lived))) <= 6  # prices along the way may keep a unit for another order
    assert not found.enough
    assert isnan(found.low_cents)  # three days say nothing of how much days differ
    assert "only 3 days of 30" in found.sentence


def test_a_forbidden_node_costs_what_its_orders_cost_elsewhere(lived, here) -> None:
    often = max({nodes[0] for nodes in executed(lived)}, key=[n[0] for n in executed(lived)].count)
    found = tried(lived, change_of_rules(here, text.parse(f"{OPEN}rule shut: forbid nodes {often}\n")))
    assert found.difference_cents > 0 or found.then.unserved > 0
    assert found.worst
    assert all(often in one.now for one in found.worst)
    assert all(often not in one.then for one in found.worst)
    gained = [one.cents for one in found.worst if one.then]
    assert gained == sorted(gained, reverse=True)
    assert found.now.served - found.then.served == found.then.unserved - found.now.unserved
    assert simulated_told(found)["low_cents"] is None


def test_a_guided_stage_asks_people_about_every_order_it_holds(lived, here) -> None:
    stages = with_line(Stages(), StageLine(Stage.GUIDED, ROUTES))
    found = tried(lived, change_of_stages(here, stages))
    assert (found.now.asked, found.then.asked) == (0, found.then.served)
    assert found.difference_cents == 0
    shadow = tried(lived, change_of_stages(here, Stages(routing=RollOut(live=False))))
    assert (shadow.then.shadow, shadow.then.asked) == (shadow.then.served, 0)


def test_a_halt_of_today_says_nothing_of_a_change(lived) -> None:
    done = halt(lived[0], Scope(), by="Ana", because="storm", now=NOW)
    try:
        halted = _here(lived)
        assert halted.network.policy.staged is not None
        found = tried(lived, change_of_rules(halted, text.parse(OPEN)))
        assert (found.now.asked, found.then.asked) == (0, 0)
    finally:
        resume(lived[0], done.halt.id, by="Ana", because="over", now=NOW)


def test_a_share_holds_about_that_share(lived, here) -> None:
    stages = with_line(Stages(), StageLine(Stage.AUTOMATIC, ROUTES, 5_000))
    found = tried(lived, change_of_stages(here, stages))
    # Half of some eighty expected, a deviation of five each way is usual.
    assert 0.3 * found.then.served <= found.then.asked <= 0.7 * found.then.served


def test_other_weights_are_tried_on_the_same_orders(lived, here) -> None:
    same = tried(lived, change_of_costs(here, {"extra_shipment_cents": here.network.costs.extra_shipment_cents}))
    assert same.of == same.against
    assert same.difference_cents == 0
    dear = tried(lived, change_of_costs(here, {"extra_shipment_cents": 50_000}))
    assert dear.then.split <= dear.now.split
    with pytest.raises(TypeError, match="lateness"):
        change_of_costs(here, {"lateness": 3})


def test_nothing_recorded_is_nothing_to_try_on(tmp_path) -> None:
    world = make_world(seed=6, nodes=3, skus=50, days=60, orders_per_day=40)
    store, snapshots = open_store("memory:"), SnapshotFolder(tmp_path)
    import_network(store, snapshots, world.frames, NOW - 2 * DAY - HOUR)
    with pytest.raises(ValueError, match="there is nothing to try a change on"):
        recorded(store, Company.load(store, snapshots, NOW.date()), NOW)


def test_rules_and_costs_come_into_force_only_with_their_simulation_where_that_is_asked(lived, here) -> None:
    store, snapshots = lived
    ask_for_evidence(*lived, asks=True, by="Ana", because="no surprises", now=NOW)
    version = propose_rules(*lived, f"{OPEN}rule one: max_shipments 1\n", by="Ana", because="try", now=NOW)
    with pytest.raises(NotSimulatedError, match="evenstock rules simulate"):
        activate_rules(*lived, version.id, by="Ben", now=NOW)
    with pytest.raises(NotSimulatedError, match="--cost"):
        set_costs(*lived, {"claim_cents": 50}, by="Ben", because="try", now=NOW)

    kept = keep_simulated(store, snapshots, tried(lived, change_of_rules(here, version.policy)))
    done = activate_rules(*lived, version.id, by="Ben", now=NOW + HOUR)
    assert done.activation is not None
    assert (done.activation.evidence, done.activation.forced) == (kept.kept, False)
    assert done.simulated is not None
    assert done.simulated.kept == kept.kept

    keep_simulated(store, snapshots, tried(lived, change_of_costs(_here(lived), {"claim_cents": 50})))
    assert set_costs(*lived, {"claim_cents": 50}, by="Ben", because="try", now=NOW + HOUR).evidence
    forced = set_costs(*lived, {"claim_cents": 60}, by="Ben", because="now", now=NOW + 2 * HOUR, force=True)
    assert forced.forced

    line = StageLine(Stage.GUIDED, ROUTES)
    set_stage(*lived, line, by="Ben", because="narrower needs none", now=NOW + 3 * HOUR)
    with store.reading() as books:
        stages = stages_in_force(books, snapshots)
    wide = StageLine(Stage.AUTOMATIC, ROUTES)
    keep_simulated(store, snapshots, tried(lived, change_of_stages(_here(lived), with_line(stages, wide))))
    assert set_stage(*lived, wide, by="Ben", because="it holds", now=NOW + 4 * HOUR).evidence
