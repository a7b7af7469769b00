"""What was seen on a shelf counts at once inside the envelope; outside it is kept until people agree, and never lost."""

import json
from datetime import timedelta

import pytest
from tests.operations import stocked as shop
from tests.operations.autonomy.governed import acts, audited, put_in_force, under
from tests.operations.exceptions.shop import LATER, NETWORK, NOW, ONE, POLICY, TX, order, released, shelf, stocked
from tests.operations.inbound.feed import event, handled, level, receive

from evenstock.domain import NodeId, RequestState, Says, Sku, StockObservation, Units
from evenstock.operations.answer_count import answer_count
from evenstock.operations.approvals import vote
from evenstock.operations.approvals.carrying_out import Place, carry_out
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.autonomy.in_force import governance_in_force
from evenstock.operations.exceptions.count_shelf import ShelfCounted
from evenstock.operations.exceptions.short_pick import ShortPick, short_pick
from evenstock.operations.import_network import import_network
from evenstock.operations.inbound.applying import Inbound
from evenstock.operations.inbound.drain import drain
from evenstock.operations.observe_stock import Outcome, observe_stock
from evenstock.operations.ports import ConflictError, Handling
from evenstock.storage.snapshots import SnapshotFolder

CUP, AT = Sku("CUP"), NodeId("TX")
TEN = "automatic adjust when units at most 10"


@pytest.fixture
def company(tmp_path):
    """100 cups in Texas, at 2.00 each."""
    store, snapshots = audited(), SnapshotFolder(tmp_path / "snapshots")
    tables = {"nodes": shop.NODES, "items": shop.ITEMS, "stock": shop.stock([("CUP", "TX", 100)])}
    import_network(store, snapshots, tables, shop.OPENED)
    return store, snapshots


def seen(units, version=1, source="wms", at=shop.NOW):
    return StockObservation(source, CUP, AT, Units(units), at, version)


def on_hand(store):
    with store.reading() as books:
        return sum(balance.on_hand - balance.shortfall for balance in books.balances([CUP]))


def requests(store, *states):
    with store.reading() as books:
        return books.approval_requests(states or (RequestState.OPEN,))


def observed(company, *statements, now=shop.NOW):
    store, snapshots = company
    rules = governance_in_force(store, snapshots, now.date())
    return observe_stock(store, statements, skus={CUP}, nodes={AT}, now=now, rules=rules)


def agree(company, request, by="person:dana@example.com"):
    vote(company[0], request.id, by, Says.APPROVE, "", request.digest, shop.NOW)
    return carry_out(Place(*company), request.id, by, shop.NOW)


def test_without_envelopes_a_count_counts_as_ever_and_nothing_is_told(company):
    assert [told.outcome for told in observed(company, seen(3))] == [Outcome.CHANGED]
    assert (on_hand(company[0]), requests(company[0]), acts(company[0])) == (3, [], [])


def test_inside_the_envelope_it_counts_and_the_log_has_its_figures(company):
    put_in_force(*company, shop.NOW, TEN)
    assert [told.outcome for told in observed(company, seen(95, at=shop.NOW - timedelta(minutes=5)))] == [
        Outcome.CHANGED
    ]
    (deed,) = acts(company[0])
    shown = {name: deed[name] for name in ("kind", "nodes", "units", "cents", "data_age_s", "rule")}
    assert shown == {"kind": "adjust", "nodes": ["TX"], "units": 5, "cents": 1_000, "data_age_s": 300, "rule": "r0"}


def test_outside_it_is_kept_and_takes_effect_once_people_agree(company):
    put_in_force(*company, shop.NOW, TEN)
    (told,) = observed(company, seen(40))
    assert told.outcome is Outcome.HELD
    assert "60 fewer CUP at TX wait for approval" in told.because
    assert (on_hand(company[0]), acts(company[0])) == (100, [])
    (request,) = requests(company[0])
    assert (request.action, request.cents, request.units, request.nodes) == ("adjust", 12_000, 60, ("TX",))
    assert json.loads(request.content)["units"] == 40

    agree(company, request)
    assert on_hand(company[0]) == 40
    (deed,) = acts(company[0])
    assert (deed["says"], deed["approval"], deed["units"], deed["actor"]) == ("propose", request.id, 60, "person")
    assert carry_out(Place(*company), request.id, "person:dana@example.com", shop.NOW).endswith(
        "was carried out before"
    )


def test_the_newest_statement_of_a_source_waits_and_an_older_one_does_not_take_its_place(company):
    put_in_force(*company, shop.NOW, TEN)
    observed(company, seen(40, version=5))
    observed(company, seen(50, version=6))
    observed(company, seen(20, version=4))
    (request,) = requests(company[0])
    assert json.loads(request.content)["units"] == 50
    assert len(requests(company[0], RequestState.VOIDED)) == 1
    agree(company, request)
    assert on_hand(company[0]) == 50


def test_a_count_seen_since_stands_before_one_that_people_agreed_to_late(company):
    put_in_force(*company, shop.NOW, TEN)
    observed(company, seen(40, version=1))
    (request,) = requests(company[0])
    assert observed(company, seen(99, version=2, at=shop.NOW + timedelta(minutes=1)))[0].outcome is Outcome.CHANGED
    assert "changes nothing" in agree(company, request)
    assert on_hand(company[0]) == 99


def test_what_is_refused_changes_nothing_and_not_by_an_approval_either(company):
    put_in_force(*company, shop.NOW, TEN)
    observed(company, seen(40))
    (request,) = requests(company[0])
    put_in_force(*company, shop.NOW, 'refuse adjust when units above 50 because "count again"')
    (told,) = observed(company, seen(30, version=2))
    assert (told.outcome, told.because) == (Outcome.REFUSED, "r0: count again (60 units, above 50)".replace("60", "70"))
    with pytest.raises(ConflictError, match="count again"):
        agree(company, request)
    assert (on_hand(company[0]), acts(company[0])) == (100, [])


def test_a_person_who_counted_does_not_approve_his_own_count(company):
    from evenstock.operations.audit.who import Who, acting

    put_in_force(*company, shop.NOW, TEN)
    with acting(Who("person:ana@example.com", "person")):
        observed(company, seen(40))
    (request,) = requests(company[0])
    with pytest.raises(ConflictError, match="was proposed by"):
        agree(company, request, "person:ana@example.com")


def test_a_later_stock_file_is_asked_about_line_by_line(company):
    store, snapshots = company
    put_in_force(*company, shop.NOW, TEN)
    rows = [("CUP", "TX", 95), ("MUG", "NJ", 500)]
    tables = {"nodes": shop.NODES, "items": shop.ITEMS, "stock": shop.stock(rows, at=shop.NOW)}
    done = import_network(store, snapshots, tables, shop.NOW)
    assert on_hand(store) == 95
    assert any("500 more MUG at NJ wait for approval" in note for note in done.notes)
    assert [request.about for request in requests(store)] == ["adjustment:import:MUG@NJ#"]


# --- events ----------------------------------------------------------------------------------------------------------
def drained(store, policy, *events, now=NOW):
    receive(store, *events)
    return drain(Inbound(store, NETWORK, policy), now)


@pytest.mark.parametrize("many", [False, True])
def test_statements_of_feeds_are_asked_about_one_by_one_however_many_come(many):
    store = audited()
    stocked(store, {(ONE, TX): 100})
    more = [level(f"e{n}", "SKU-002", n + 1, 10_000 + n, node="NJ") for n in range(3)] if many else []
    drained(store, under(NETWORK, TEN), level("e-small", ONE, 95, 10_000), *more, level("e-large", ONE, 5, 10_001))
    assert shelf(store, ONE, TX) == {"available": 95}
    assert handled(store, "e-large")[0] is Handling.DONE
    (request,) = requests(store)
    assert (request.units, json.loads(request.content)["units"]) == (90, 5)
    assert len(acts(store)) == 1 + len(more)
    assert {deed["actor"] for deed in acts(store)} == {"integration"}


def test_units_that_went_are_kept_one_report_beside_the_other():
    store = audited()
    stocked(store, {(ONE, TX): 100})
    policy = under(NETWORK, TEN)
    gone = [event("stock.adjusted", f"x{n}", sku=ONE, node="TX", units=-20 - n, cause="damage") for n in range(2)]
    drained(store, policy, *gone, event("stock.adjusted", "small", sku=ONE, node="TX", units=-3))
    assert shelf(store, ONE, TX) == {"available": 97}
    assert sorted(request.units for request in requests(store)) == [20, 21]


def test_a_refused_report_waits_among_the_dead_letters_with_the_rule():
    store = audited()
    stocked(store, {(ONE, TX): 100})
    policy, at = under(NETWORK, 'prohibit adjust under "Art. 158" when units above 50'), NOW
    receive(store, event("stock.adjusted", "x1", sku=ONE, node="TX", units=-60))
    for _ in range(6):
        drain(Inbound(store, NETWORK, policy), at)
        at += timedelta(hours=1)
    said, because = handled(store, "x1")
    assert said is Handling.DEAD
    assert "unlawful, Art. 158" in because
    assert shelf(store, ONE, TX) == {"available": 100}


# --- counts that somebody asked for ----------------------------------------------------------------------------------
def short(store):
    stocked(store, {(ONE, TX): 100})
    released(store, order((ONE, 3)))
    short_pick(store, NETWORK, POLICY, ShortPick("S-1", "A-1", TX, ONE, 1, LATER))


def counted(store, policy, units):
    report = ShelfCounted("C-1", TX, ONE, units, "person:ana@example.com", LATER + timedelta(minutes=5))
    return answer_count(store, report, skus=[ONE], nodes=[TX], rules=Governance(policy))


def test_a_count_that_was_asked_for_leaves_its_question_open_while_it_waits():
    store = audited()
    short(store)
    before = shelf(store, ONE, TX)
    taken = counted(store, under(NETWORK, TEN), 50)
    assert "wait for approval" in taken.handled.sentence
    assert taken.handled.waiting
    assert shelf(store, ONE, TX) == before
    (request,) = requests(store)
    assert json.loads(request.content)["report"] == "C-1"


def test_inside_the_envelope_it_answers_the_question():
    store = audited()
    short(store)
    taken = counted(store, under(NETWORK, TEN), 95)
    assert not taken.handled.waiting
    assert "held" not in shelf(store, ONE, TX)
    assert [deed["kind"] for deed in acts(store)] == ["adjust"]


def test_a_refused_count_says_the_rule_to_whoever_counted():
    store = audited()
    short(store)
    said = counted(store, under(NETWORK, "refuse adjust when units above 10"), 50)
    assert said.because.startswith("r0: no adjust here")
