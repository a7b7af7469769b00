"""A carrier fails: a person is told with evidence and money, adopts, decisions change and say why, and it ends by itself."""

from datetime import timedelta

import polars as pl
import pytest
from tests.operations.carrier_overrides.shop import NOW, TODAY, opened, tables

from evenstock.domain import LineId, Order, OrderId, OrderLine, Promise, ShipTo, Sku, Units
from evenstock.operations.carrier_overrides.answer import adopt_override, end_override, over, reject_override
from evenstock.operations.carrier_overrides.keeping import standing
from evenstock.operations.carrier_overrides.proposal import Form, State, rule_of
from evenstock.operations.carrier_overrides.propose import propose_overrides
from evenstock.operations.company import Company
from evenstock.operations.decisions import decision_from
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import StoreError
from evenstock.operations.route_order import RouteOrder, route_order
from evenstock.operations.rulebook import history, rules_in_force


@pytest.fixture
def shop(tmp_path):
    return opened(tmp_path, failing_days=9)


def proposed(shop):
    store, snapshots, company = shop
    return propose_overrides(store, snapshots, company, as_of=TODAY, now=NOW).new


def routed(shop, number, at, to="75204", days=None):
    store, snapshots, _ = shop
    company = Company.load(store, snapshots, at.date())
    promise = None if days is None else Promise(at.date() + timedelta(days=days))
    order = Order(OrderId(number), (OrderLine(LineId("1"), Sku("MUG"), Units(1), 1200),), ShipTo(to), at, promise)
    return route_order(store, company.shipping, company.network.policy, RouteOrder(order, at)).record


def moved(frames, days, later):
    """The same company with its scans so many days later."""
    scans = frames["deliveries"].with_columns(pl.col("shipped_at", "delivered_at").dt.offset_by(f"{days}d"))
    came = pl.when(pl.col("delivered_at") < later).then("delivered_at").alias("delivered_at")
    return frames | {"deliveries": scans.with_columns(came)}


def test_a_proposal_says_what_fails_since_when_and_what_the_other_way_is_worth(shop):
    [found] = proposed(shop)

    f = found.failing
    assert (f.name, f.origin, f.areas) == ("road:ground", "TX", ("752",))
    assert f.earliest <= TODAY - timedelta(days=9) <= f.latest
    assert found.instead == ("sky:ground from TX",)
    # 21 orders a week by road, each promised in three days. Sky costs 1.20 more; late orders cost 9.00 each.
    assert found.worth is not None
    assert found.worth.orders_a_week == pytest.approx(21, rel=0.06)
    assert found.worth.freight_cents == pytest.approx(120 * found.worth.orders_a_week, rel=0.01)
    assert found.worth.late_now > 0.8
    assert found.worth.late_then < 0.1
    late_less = found.worth.late_now - found.worth.late_then
    assert found.worth.lateness_cents == pytest.approx(900 * late_less * found.worth.orders_a_week, rel=0.01)
    assert found.worth.cents == found.worth.lateness_cents + found.worth.harm_cents - found.worth.freight_cents


def test_nothing_is_changed_until_a_person_adopts(shop):
    proposed(shop)
    record = routed(shop, "before", NOW)
    assert record.choice.shipments[0].candidate.service == "road:ground"


def test_an_adopted_override_is_in_every_decision_it_changes_and_ends_by_itself(shop):
    [found] = proposed(shop)
    done = adopt_override(*shop[:2], found.id[:6], by="ann", now=NOW, weeks=2)

    assert done.valid_to == TODAY + timedelta(days=13)
    record = routed(shop, "during", NOW + timedelta(hours=1))
    assert record.choice.shipments[0].candidate.service == "sky:ground"
    [barred] = [b for b in record.barred if b.rule == f"override-{found.id}"]
    assert barred.service == "road:ground"
    assert "two days slower" in barred.because or "slower" in barred.because
    # Elsewhere road serves on, and here it does again on the day after the last.
    assert (
        routed(shop, "elsewhere", NOW + timedelta(hours=1), "10001").choice.shipments[0].candidate.service
        == "road:ground"
    )
    later = NOW + timedelta(days=14)
    assert routed(shop, "after", later).choice.shipments[0].candidate.service == "road:ground"
    assert [s.state for s in standing(*shop[:2], later.date())] == [State.EXPIRED]


def test_what_stands_is_not_proposed_again_and_what_was_rejected_only_after_four_weeks(shop):
    [found] = proposed(shop)
    assert proposed(shop) == ()
    reject_override(*shop[:2], found.id, by="ann", because="they told us why", now=NOW)
    assert proposed(shop) == ()
    assert [s.state for s in standing(*shop[:2], TODAY)] == [State.REJECTED]


def test_an_override_that_is_ended_leaves_the_rules_as_they_were(shop):
    store, snapshots, _ = shop
    [found] = proposed(shop)
    with store.reading() as books:
        assert rules_in_force(books, snapshots) is None
    adopt_override(store, snapshots, found.id, by="ann", now=NOW)
    end_override(store, snapshots, found.id, by="bob", because="mended", now=NOW + timedelta(days=3))

    with store.reading() as books:
        policy = rules_in_force(books, snapshots).policy
    assert [rule.id for rule in policy.rules if rule.id.startswith("override-")] == []
    assert len(history(store, snapshots)) == 2
    assert routed(shop, "after", NOW + timedelta(days=3)).choice.shipments[0].candidate.service == "road:ground"


def test_adopting_the_next_override_clears_away_those_that_are_over(shop):
    [found] = proposed(shop)
    rule = rule_of(found, TODAY, TODAY + timedelta(days=6), "ann")
    assert not over(rule, TODAY + timedelta(days=6))
    assert over(rule, TODAY + timedelta(days=7))
    assert not rule.hard


def test_a_proposal_nobody_answers_lapses_and_cannot_be_adopted_then(shop):
    [found] = proposed(shop)
    late = NOW + timedelta(days=14)
    assert [s.state for s in standing(*shop[:2], late.date())] == [State.LAPSED]
    with pytest.raises(StoreError, match="is lapsed: only an open proposal"):
        adopt_override(*shop[:2], found.id, by="ann", now=late)


def test_an_answer_nobody_stands_for_is_refused(shop):
    [found] = proposed(shop)
    at, name = shop[:2], found.id
    refused = {
        "say by whom": lambda: adopt_override(*at, name, by=" ", now=NOW),
        "1 to 26 weeks, not 40": lambda: adopt_override(*at, name, by="ann", now=NOW, weeks=40),
        "no carrier overrides are named 'nothing'": lambda: adopt_override(*at, "nothing", by="ann", now=NOW),
        "only one in force can be ended": lambda: end_override(*at, name, by="ann", because="x", now=NOW),
        "say why": lambda: reject_override(*at, name, by="ann", because="", now=NOW),
    }
    for said, call in refused.items():
        with pytest.raises((ValueError, StoreError), match=said):
            call()


def test_where_the_other_way_costs_more_than_lateness_it_is_told_and_not_proposed(tmp_path):
    """Promised within ten days nothing is late, slower or not: sky would cost 1.20 an order for nothing."""
    store, snapshots, company = opened(tmp_path, failing_days=9, promise_days=(10,))
    found = propose_overrides(store, snapshots, company, as_of=TODAY, now=NOW)

    assert found.new == ()
    [(failing, why)] = found.told
    assert failing.areas == ("752",)
    assert "no other way is better" in why


def test_where_only_some_orders_mind_what_the_lane_has_become_is_priced_and_each_weighs_it(tmp_path):
    """Half of the orders are promised in three days, half in ten. Sky for all costs 1.20 each and saves 9.00 on half of
    them; sky for the urgent ones alone saves as much and costs half.
    """
    shop = opened(tmp_path, failing_days=9, promise_days=(3, 10))
    [found] = proposed(shop)
    assert found.form is Form.PRICE
    adopt_override(*shop[:2], found.id, by="ann", now=NOW, weeks=2)

    later = NOW + timedelta(hours=1)
    urgent, patient = routed(shop, "urgent", later, days=3), routed(shop, "patient", later, days=10)
    assert urgent.choice.shipments[0].candidate.service == "sky:ground"
    assert patient.choice.shipments[0].candidate.service == "road:ground"
    assert urgent.inputs.network != routed(shop, "elsewhere", NOW - timedelta(days=1), "10001").inputs.network
    # No rule was made, and on the day after the last the table is what it was.
    with shop[0].reading() as books:
        assert rules_in_force(books, shop[1]) is None
    after = routed(shop, "after", NOW + timedelta(days=14), days=3)
    assert after.choice.shipments[0].candidate.service == "road:ground"


def test_a_decision_says_that_an_override_priced_a_service_among_its_candidates(tmp_path):
    """Whoever reads the record knows of the person's word that stood behind its lateness; nothing else of it changes."""
    shop = opened(tmp_path, failing_days=9, promise_days=(3, 10))
    [found] = proposed(shop)
    assert routed(shop, "before", NOW, days=3).inputs.warnings == ()
    adopt_override(*shop[:2], found.id, by="ann", now=NOW, weeks=2)

    # Sky was chosen; that road was priced otherwise shaped the choice.
    record = routed(shop, "during", NOW + timedelta(hours=1), days=3)
    assert record.choice.shipments[0].candidate.service == "sky:ground"
    [said] = record.inputs.warnings
    assert said == (
        f"usual days and losses of road:ground from TX to postal codes 752…: carrier override {found.id} prices what is now"
        " to be expected instead, from 2026-11-20 to 2026-12-03, adopted by ann"
    )
    with shop[0].reading() as books:
        assert decision_from(books.decision_of(record.order)) == record
    assert routed(shop, "after", NOW + timedelta(days=14), days=3).inputs.warnings == ()


def test_an_override_of_one_service_is_no_matter_of_another(tmp_path):
    shop = opened(tmp_path, failing_days=9, promise_days=(3, 10))
    [found] = proposed(shop)
    adopt_override(*shop[:2], found.id, by="ann", now=NOW)
    network = Company.load(*shop[:2], TODAY).shipping

    [said] = network.warnings(
        [("sky:ground", TODAY), ("road:ground", TODAY), ("road:ground", TODAY + timedelta(days=1))]
    )
    assert found.id in said
    assert network.warnings([("sky:ground", TODAY)]) == ()


def test_a_lane_that_is_as_usual_again_is_told_while_parcels_still_go_that_way(tmp_path):
    """Half of the orders do not mind and go on by road: three weeks after the carrier mended it, they say so."""
    shop = opened(tmp_path, failing_days=9, promise_days=(3, 10))
    store, snapshots, _ = shop
    [found] = proposed(shop)
    adopt_override(store, snapshots, found.id, by="ann", now=NOW)
    later = NOW + timedelta(days=21)
    import_network(store, snapshots, moved(tables(0), 21, later), NOW + timedelta(hours=1))

    company = Company.load(store, snapshots, later.date())
    looked = propose_overrides(store, snapshots, company, as_of=later.date(), now=later)

    assert [one.proposal.id for one in looked.mended] == [found.id]
    assert looked.new == ()


def test_an_override_that_prices_a_lane_ends_when_a_person_ends_it(tmp_path):
    shop = opened(tmp_path, failing_days=9, promise_days=(3, 10))
    [found] = proposed(shop)
    adopt_override(*shop[:2], found.id, by="ann", now=NOW)
    end_override(*shop[:2], found.id, by="bob", because="mended", now=NOW + timedelta(days=2))
    record = routed(shop, "urgent", NOW + timedelta(days=2, hours=1), days=3)
    assert record.choice.shipments[0].candidate.service == "road:ground"


def test_what_fails_beyond_the_network_is_told_with_what_to_mend(tmp_path):
    store, snapshots, _ = opened(tmp_path, failing_days=9)
    scans = tables(9)["deliveries"].with_columns(origin=pl.lit("OLD-DC"))
    import_network(store, snapshots, tables(9) | {"deliveries": scans}, NOW)

    found = propose_overrides(store, snapshots, Company.load(store, snapshots, TODAY), as_of=TODAY, now=NOW)

    assert found.new == ()
    assert "OLD-DC is no node of this network" in found.told[0][1]


def test_a_proposal_that_lapsed_is_made_again(shop):
    store, snapshots, company = shop
    [first] = proposed(shop)
    later = NOW + timedelta(days=15)
    import_network(store, snapshots, moved(tables(24), 15, later), NOW + timedelta(hours=1))
    company = Company.load(store, snapshots, later.date())

    [again] = propose_overrides(store, snapshots, company, as_of=later.date(), now=later).new

    assert again.id != first.id
    assert [s.state for s in standing(store, snapshots, later.date())] == [State.LAPSED, State.PROPOSED]


def test_a_brand_whose_carriers_keep_their_word_is_told_nothing(tmp_path):
    store, snapshots, company = opened(tmp_path, failing_days=0)
    assert propose_overrides(store, snapshots, company, as_of=TODAY, now=NOW).new == ()
