"""A whole day of a company under envelopes: orders, prices, counts, the night. Whatever was done can be judged again from the log alone."""

from datetime import date, timedelta

import pytest
from tests.operations.autonomy.governed import acts, audited, put_in_force

from evenstock.domain import (
    ActionKind,
    ActorKind,
    IntendedAction,
    Outcome,
    RequestState,
    Role,
    StockObservation,
    Units,
)
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.autonomy.in_force import governance_in_force
from evenstock.operations.check_books import check_books
from evenstock.operations.company import Company
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.import_network import import_network
from evenstock.operations.network import orders_from_frame
from evenstock.operations.observe_stock import observe_stock
from evenstock.operations.plan_tonight import plan_tonight
from evenstock.operations.queue import accept, queue
from evenstock.operations.reoptimise import reoptimise
from evenstock.operations.reprice import reprice
from evenstock.operations.route_order import route_order
from evenstock.operations.route_together import Wish, route_together
from evenstock.operations.tick import tick
from evenstock.simulation.world import make_world
from evenstock.storage.snapshots import SnapshotFolder

RULES = (
    'prohibit route, split, transfer under "31 CFR 515.201" when destination country is CU',
    "automatic route when value at most 15",
    "automatic split when value at most 25",
    "refuse split when units above 20",
    "automatic transfer when value at most 30 and confidence at least 20%",
    "automatic adjust when units at most 5",
    "automatic change_price when value at most 3",
)


def again(deed, policy):
    """What the policy says of the action that the deed tells of."""
    action = IntendedAction(
        ActionKind(deed["kind"]), ActorKind(deed["actor"]), frozenset(map(Role, deed["roles"])), tuple(deed["nodes"]),
        deed.get("channel"), tuple(deed["categories"]), deed.get("cents"), deed.get("units"),
        deed.get("confidence_millionths"), deed.get("data_age_s"), deed.get("origin_country"),
        deed.get("destination_country"), deed.get("bonded"),
    )  # fmt: skip
    found = policy.verdict(action, date.fromisoformat(deed["on"]))
    return found, found.line.rule.id if found.line else ""


@pytest.fixture
def company(tmp_path):
    world = make_world(seed=2, nodes=3, skus=40, days=60, orders_per_day=60)
    store, snapshots = audited(), SnapshotFolder(tmp_path / "snapshots")
    import_network(store, snapshots, world.frames, world.opens_at)
    put_in_force(store, snapshots, world.opens_at, *RULES)
    return store, snapshots, world


def test_a_day_under_envelopes(company):
    store, snapshots, world = company
    now = world.opens_at + timedelta(days=1)
    here = Company.load(store, snapshots, now.date())
    policy, shipping = here.network.policy, here.shipping
    reprice(store, snapshots, here, now=now, scenarios=0)
    orders = orders_from_frame(world.frames["orders"])[-120:]
    told = route_together(store, shipping, policy, [Wish(RouteOrder(order, now)) for order in orders])
    records = [
        one.record if one else route_order(store, shipping, policy, RouteOrder(order, now)).record
        for one, order in zip(told, orders, strict=True)
    ]
    outcomes = {record.outcome for record in records}
    assert {Outcome.EXECUTED, Outcome.AWAITS_APPROVAL} <= outcomes
    assert all(r.choice.cents <= 2_500 for r in records if r.outcome is Outcome.EXECUTED)

    with store.reading() as books:
        waiting = queue(books)
        shelves = [row for row in books.balances([order.lines[0].sku for order in orders[:30]]) if row.available > 10]
    assert accept(store, waiting[0].case.id, "person:ana@example.com", now, rules=Governance.of(here)).record
    seen = [
        StockObservation("wms", row.sku, row.node, Units(row.on_hand - row.shortfall - off), now, 1, row.lot)
        for row, off in zip(shelves[:6], (1, 2, 3, 9, 10, 11), strict=True)
    ]
    rules = governance_in_force(store, snapshots, now.date())
    found = observe_stock(store, seen, skus=here.network.items, nodes=here.network.nodes, now=now, rules=rules)
    assert [str(one.outcome) for one in found] == ["changed"] * 3 + ["held"] * 3
    reoptimise(store, shipping, policy, now + timedelta(hours=5))
    ticked = tick(store, snapshots, shipping, policy, now + timedelta(hours=6))
    assert not ticked.failed
    plan = plan_tonight(store, snapshots, here, now=now, paths=20).plan

    done = acts(store)
    assert {deed["kind"] for deed in done} >= {"route", "transfer", "adjust", "change_price"}
    for deed in done:
        judged, rule = again(deed, policy)
        assert deed["policy"] == policy.digest
        assert (deed["rule"], deed["says"] == "automatic") == (rule, judged.automatic), deed
        assert judged.automatic or deed["approval"], deed
    assert sum("approval" in deed for deed in done) == 1
    with store.reading() as books:
        asked = books.approval_requests([RequestState.OPEN])
    assert sum(request.about.startswith("adjustment:") for request in asked) == 3
    assert any(request.about == f"plan:{plan.id}" for request in asked) == bool(plan.lines)
    assert [finding.sentence for finding in check_books(store, now) if finding.broken] == []
