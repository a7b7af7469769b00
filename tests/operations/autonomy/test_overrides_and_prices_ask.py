"""Setting a carrier aside, trying another, and moving a price: each asks before it is done."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.operations.autonomy.governed import acts, audited, put_in_force, rules_of, under
from tests.operations.carrier_overrides.shop import NOW, TODAY, tables
from tests.operations.test_correct_prices import LATER, Shop, world  # noqa: F401
from tests.operations.test_correct_prices import NOW as REPRICED
from tests.operations.test_route_order import put
from tests.operations.test_try_services import FULL, brand, extra, morning, spent
from tests.routing.brand import NOW as MORNING

from evenstock.domain import NodeId, RequestState, Says, Sku, StockObservation, Units
from evenstock.operations.approvals import NotApprovedError, vote
from evenstock.operations.approvals.carrying_out import Place, carry_out
from evenstock.operations.approvals.entitled import NotEntitledError
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.carrier_overrides.answer import adopt_override
from evenstock.operations.carrier_overrides.keeping import standing
from evenstock.operations.carrier_overrides.proposal import State
from evenstock.operations.carrier_overrides.propose import propose_overrides
from evenstock.operations.company import Company
from evenstock.operations.correct_prices import correct_prices
from evenstock.operations.count_stock import count_stock
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import StoreError
from evenstock.operations.reprice import reprice
from evenstock.operations.route_order import route_order
from evenstock.storage.snapshots import SnapshotFolder


# --- carrier overrides -----------------------------------------------------------------------------------------------
@pytest.fixture
def proposed(tmp_path):
    """Books with one open proposal, and its id."""
    store, snapshots = audited(), SnapshotFolder(tmp_path)
    import_network(store, snapshots, tables(failing_days=9), NOW - timedelta(hours=1))
    mugs = StockObservation("count", Sku("MUG"), NodeId("TX"), Units(10_000), NOW - timedelta(hours=2), 1)
    count_stock(store, [mugs], NOW - timedelta(hours=1))
    company = Company.load(store, snapshots, TODAY)
    [found] = propose_overrides(store, snapshots, company, as_of=TODAY, now=NOW).new
    return store, snapshots, found


def adopt(proposed, by="person:ann@example.com", weeks=2):
    store, snapshots, found = proposed
    return adopt_override(store, snapshots, found.id, by=by, now=NOW, weeks=weeks)


def state(proposed):
    [found] = standing(proposed[0], proposed[1], TODAY)
    return found.state


def test_without_envelopes_whoever_may_adopts_it_and_the_log_has_no_act(proposed):
    assert adopt(proposed).state is State.ADOPTED
    assert acts(proposed[0]) == []


def test_inside_the_envelope_it_is_adopted_with_its_figures(proposed):
    put_in_force(*proposed[:2], NOW, "automatic override_carrier when value at most 1000 and confidence at least 90%")
    adopt(proposed)
    (deed,) = acts(proposed[0])
    assert (deed["kind"], deed["nodes"], deed["says"]) == ("override_carrier", ["TX"], "automatic")
    assert deed["cents"] == 2 * proposed[2].worth.freight_cents
    assert "approval" not in deed


def test_outside_it_the_adopting_person_is_the_one_who_agrees(proposed):
    put_in_force(*proposed[:2], NOW, "automatic override_carrier when value at most 1")
    adopt(proposed)
    (deed,) = acts(proposed[0])
    with proposed[0].reading() as books:
        (request,) = books.approval_requests([RequestState.EXECUTED])
    assert (deed["says"], deed["approval"], request.about) == (
        "propose",
        request.id,
        f"carrier-override:{proposed[2].id}",
    )


def test_two_people_agree_and_then_it_is_carried_out(proposed):
    store, snapshots, _ = proposed
    put_in_force(store, snapshots, NOW, "propose override_carrier by 2 people for approver")
    with pytest.raises(NotApprovedError, match="2 people must agree"):
        adopt(proposed)
    assert (state(proposed), acts(store)) == (State.PROPOSED, [])
    with store.reading() as books:
        (request,) = books.approval_requests([RequestState.OPEN])
    for name in ("ann", "bob"):
        vote(store, request.id, f"person:{name}@example.com", Says.APPROVE, "", request.digest, NOW)
    assert "in force until" in carry_out(Place(store, snapshots), request.id, "person:bob@example.com", NOW)
    assert state(proposed) is State.ADOPTED
    assert [deed["approval"] for deed in acts(store)] == [request.id]


def test_what_is_refused_or_unlawful_is_adopted_by_nobody(proposed):
    put_in_force(*proposed[:2], NOW, 'prohibit override_carrier under "contract 7.2" when node is TX')
    with pytest.raises(StoreError, match=r"unlawful, contract 7\.2"):
        adopt(proposed)
    assert (state(proposed), acts(proposed[0])) == (State.PROPOSED, [])


def test_a_program_is_not_the_person_asked_for_and_leaves_the_rules_as_they_are(proposed):
    put_in_force(*proposed[:2], NOW, "propose override_carrier for approver")
    with pytest.raises((ValueError, NotEntitledError)):
        adopt(proposed, by="key:ek_gone")
    assert state(proposed) is State.PROPOSED


# --- tries -----------------------------------------------------------------------------------------------------------
def tries(*rules):
    store = audited()
    put(store, FULL)
    shipping = brand()
    policy = under(shipping, *rules)
    records = [route_order(store, shipping, policy, RouteOrder(one, MORNING)).record for one in morning(40)]
    return store, records


def test_nothing_is_tried_on_purpose_that_envelopes_do_not_let_go():
    _, free = tries()
    assert sum(extra(record) > 0 for record in free)
    store, held = tries("refuse override_carrier")
    assert not any(extra(record) for record in held)
    assert not spent(store)
    store, inside = tries("automatic route, split, override_carrier when value at most 20")
    kinds = [deed["kind"] for deed in acts(store)]
    assert kinds.count("override_carrier") == sum(record.alternatives and extra(record) > 0 for record in inside) > 0
    assert max(deed["cents"] for deed in acts(store)) <= 2_000


# --- prices ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def shop(world, tmp_path):  # noqa: F811
    return Shop(world, tmp_path / "snapshots")


def repriced(shop, *rules):
    """The last repricing again under these rules, from books without prices."""
    store = audited()
    import_network(store, shop.snapshots, shop.frames, shop.opened)
    company = Company.load(store, shop.snapshots)
    company = replace(company, network=replace(company.network, policy=rules_of(company.network, *rules).policy))
    done = reprice(store, shop.snapshots, company, now=shop.now, scenarios=0)
    with store.reading() as books:
        return store, done, books.prices(sorted(company.network.items), shop.now)


@pytest.fixture
def priced(world, shop):  # noqa: F811
    shop.frames, shop.opened, shop.now = world.frames, world.opens_at, REPRICED
    return shop


def test_prices_move_inside_the_envelope_and_stay_outside_and_the_notes_say_so(priced):
    free, done, every = repriced(priced)
    assert acts(free) == []
    moved = sorted(row.cents for row in every if row.cents)
    most = moved[len(moved) // 2]
    store, some, kept = repriced(priced, f"automatic change_price when value at most {most / 100:.2f}")
    assert 0 < max(row.cents for row in kept) <= most
    assert some.prices == len(kept) < done.prices
    assert any("prices stay as they were: outside r0" in note for note in some.notes)
    assert max(deed["cents"] for deed in acts(store)) == max(row.cents for row in kept)
    assert {deed["rule"] for deed in acts(store)} == {"r0"}


def test_refused_prices_are_not_written(priced):
    _, done, kept = repriced(priced, 'prohibit change_price under "price law 3"')
    assert not any(row.cents for row in kept)
    assert any("price law 3" in note for note in done.notes)


def test_a_correction_is_asked_about_too(priced):
    told, row = priced.told, priced.most()
    priced.take(told.skus[row], told.nodes[row], int(told.stock[row]) // 2)
    before = priced.prices(LATER)
    rules = Governance(rules_of(priced.company.network, "refuse change_price").policy)
    held = correct_prices(priced.store, priced.snapshots, now=LATER, rules=rules)
    assert "prices stay as they were: r0" in held.sentence
    assert (held.rows, priced.prices(LATER)) == (0, before)
    assert correct_prices(priced.store, priced.snapshots, now=LATER).rows > 0
