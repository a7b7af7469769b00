"""Rates are audited by asking carriers for a few parcels: the dearest unchecked ones, never more calls than allowed."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from tests.freight.conftest import frames

from evenstock import tables
from evenstock.freight.rates import RateBook
from evenstock.operations.audit_rates import as_invoices, ask, audit_rates, keep, kept_audits, propose_audit
from evenstock.operations.audit_rates.propose import worth
from evenstock.operations.call_quota import Bucket, Quota
from evenstock.operations.carrier_ports import Charge, LiveRate, Message, RatesReply
from evenstock.operations.ports import ConflictError
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = NOW.date()
HOUR = Quota(60, 3600, 10)


@pytest.fixture
def book():
    return RateBook.from_frames(**frames())


def parcels(*rows):
    """Parcels from Secaucus: (number, ZIP, grams, how many days ago)."""
    return pl.DataFrame(
        [
            {
                "parcel": number,
                "service": "ups:ground",
                "origin_postal_code": "07094",
                "destination_postal_code": zip_code,
                "residential": True,
                "shipped_on": TODAY - timedelta(days=ago),
                "weight_g": grams,
            }
            for number, zip_code, grams, ago in rows
        ]
    )


# Zone 2 to New York, zone 4 to Chicago; 450 g and 3 kg.
SENT = parcels(("A", "10001", 450, 1), ("B", "10002", 440, 9), ("C", "60601", 450, 2), ("D", "60601", 3_000, 3))


class Carrier:
    """Answers with our own quote changed by `more` cents on a charge, and counts what it is asked."""

    def __init__(self, book, more=None, calls=1, messages=()):
        self.book, self.more, self.calls, self.messages, self.asked = book, more or {}, calls, messages, []

    def rates(self, parcel):
        self.asked.append(parcel.parcel)
        quote = self.book.quote(
            "ups:ground", parcel.origin.postal_code, parcel.destination.postal_code, parcel.weight_g, 0, 0,
            parcel.destination.residential, parcel.ship_on,
        )  # fmt: skip
        charges = {term.name: int(term.cents) for term in quote.terms}
        for name, cents in self.more.items():
            charges[name] = charges.get(name, 0) + cents
        rate = LiveRate(
            "ups:ground", "negotiated", "USD", tuple(Charge(n, c) for n, c in charges.items()), zone=quote.zone
        )
        return RatesReply((rate,), self.messages, {"x.y": 2}, self.calls)


# --- what is worth asking -------------------------------------------------------------------------------------------
def test_the_dearest_unchecked_stratum_is_asked_for_first(book):
    plan = propose_audit(SENT, book, {"ups": 10}, on=TODAY)

    # Two to zone 2: 9.50 at least, fuel 18.5 % 1.76, residential 5.95 and delivery area 0.25 are 17.46 each; one of 3 kg
    # to zone 4: 20.00 + 3.70 + 6.20 = 29.90; a small one there 10.00 + 1.85 + 6.20 = 18.05. A week is a quarter of 28 days.
    assert plan.proposed.select("parcel", "zone", "tier", "parcels", "cents_a_week").rows() == [
        ("A", 2, 0, 2, 2 * 1746 // 4),
        ("D", 4, 2, 1, 2990 // 4),
        ("C", 4, 0, 1, 1805 // 4),
    ]
    # The card began on 1 January.
    assert plan.proposed["days_unchecked"].to_list() == [60] * 3
    assert plan.proposed["worth_cents"].to_list() == sorted(plan.proposed["worth_cents"], reverse=True)


def test_the_latest_parcel_stands_for_its_stratum(book):
    assert propose_audit(SENT, book, {"ups": 1}, on=TODAY).samples[0].parcel.parcel == "A"


def test_what_was_checked_lately_is_worth_less(book):
    first = propose_audit(SENT, book, {"ups": 1}, on=TODAY)
    asked = first.proposed.with_columns(asked_on=pl.lit(TODAY - timedelta(days=1)), answered=pl.lit(value=True))

    assert [s.parcel.parcel for s in propose_audit(SENT, book, {"ups": 1}, on=TODAY, asked=asked).samples] != ["A"]


def test_what_a_carrier_never_heard_stays_unchecked(book):
    first = propose_audit(SENT, book, {"ups": 1}, on=TODAY)
    asked = first.proposed.with_columns(asked_on=pl.lit(TODAY - timedelta(days=1)), answered=pl.lit(value=False))

    assert propose_audit(SENT, book, {"ups": 1}, on=TODAY, asked=asked).samples[0].parcel.parcel == "A"


def test_everything_not_asked_for_says_why_and_what_it_costs(book):
    strange = pl.concat(
        [
            SENT,
            parcels(("E", "60601", 0, 1), ("F", "99999", 100, 1)),
            parcels(("G", "10001", 100, 1)).with_columns(service=pl.lit("dpd:classic")),
        ]
    )

    plan = propose_audit(strange, book, {"ups": 1}, on=TODAY)

    because = dict(plan.left_out.group_by("because").agg(pl.sum("parcels")).rows())
    assert because == {
        "ups's quota is spent for now": 2,
        "its weight is not known, or it holds hazardous goods": 1,
        "no rate of ours": 2,
    }
    assert plan.left_out.filter(pl.col("because").str.contains("quota"))["cents_a_week"].sum() > 0
    assert plan.proposed["parcels"].sum() + plan.left_out["parcels"].sum() == strange.height


def test_parcels_of_other_months_are_not_looked_at(book):
    old = parcels(("A", "10001", 450, 28), ("B", "10001", 450, -1))

    assert propose_audit(old, book, {"ups": 9}, on=TODAY).samples == ()


def test_worth_grows_with_money_and_with_time_and_never_beyond_the_money():
    assert worth(100, 10) < worth(200, 10) < worth(200, 20) < 200
    assert worth(200, 10_000) == pytest.approx(200)


# --- asking ---------------------------------------------------------------------------------------------------------
def asked(book, carrier, *, quota=HOUR, at=NOW, sent=SENT):
    bucket = Bucket.full("ups", quota, NOW)
    plan = propose_audit(sent, book, {"ups": 99}, on=TODAY)
    return ask(plan, {"ups": carrier}, {"ups": bucket}, now=at)


def test_a_price_that_agrees_is_off_by_nothing(book):
    audit = asked(book, Carrier(book))

    assert audit.quotes["off_cents"].to_list() == [0] * audit.quotes.height
    assert audit.quotes["quote"].n_unique() == 3
    assert audit.unread == {"ups: x.y": 6}


def test_a_surcharge_that_grew_stands_out_by_name(book):
    audit = asked(book, Carrier(book, {"residential": 24, "peak": 100, "delivery_area": -25}))

    # Three parcels, 0.24 and 1.00 dearer and 0.25 cheaper each: 5.95 became 6.19, +4.0 %.
    off = {row["charge"]: (row["samples"], row["off_cents"]) for row in audit.off.iter_rows(named=True)}
    assert {name: off[name] for name in ("residential", "peak", "delivery_area")} == {
        "residential": (3, 3 * 24),
        "peak": (3, 300),
        "delivery_area": (3, -75),
    }
    assert audit.off.filter(charge="residential")["off_share"][0] == pytest.approx(24 / 595)
    assert audit.off.filter(charge="peak")["off_share"][0] is None


def test_a_discount_belongs_to_the_base(book):
    audit = asked(book, Carrier(book, {"base": 500, "discount": -500}))

    assert audit.off.filter(charge="base")["off_cents"].to_list() == [0]
    assert "discount" not in audit.quotes["charge"]


def test_what_invoices_taught_counts_with_its_charge():
    taught = pl.DataFrame(
        {
            "service": ["ups:ground"],
            "charge": ["residential"],
            "valid_from": [TODAY],
            "valid_to": [TODAY + timedelta(days=60)],
            "cents": [24],
            "share_bp": [0],
        }
    )
    plain, corrected = RateBook.from_frames(**frames()), RateBook.from_frames(**frames(), rate_corrections=taught)
    plan = propose_audit(SENT, corrected, {"ups": 99}, on=TODAY)

    audit = ask(plan, {"ups": Carrier(plain, {"residential": 24})}, {"ups": Bucket.full("ups", HOUR, NOW)}, now=NOW)

    # The carrier takes 0.24 more than the card, as the correction says: nothing is off.
    assert audit.off.filter(charge="residential").select("our_cents", "off_cents").rows() == [(3 * (595 + 24), 0)]


def test_hazardous_goods_are_not_asked_about_and_do_not_stand_for_others(book):
    dangerous = SENT.with_columns(hazmat=pl.col("parcel") == "A")

    plan = propose_audit(dangerous, book, {"ups": 99}, on=TODAY)

    assert sorted(sample.parcel.parcel for sample in plan.samples) == ["B", "C", "D"]
    assert plan.left_out["because"].to_list() == ["its weight is not known, or it holds hazardous goods"]


def test_no_more_is_asked_than_a_bucket_surely_holds(book):
    # Four calls at once, of which one question tried again may cost three: after two the next might break the quota.
    carrier = Carrier(book)

    audit = asked(book, carrier, quota=Quota(60, 3600, 4))

    assert len(carrier.asked) == 2
    assert audit.told.filter(code="not_asked")["words"].to_list() == [
        "ups's quota is spent until 2026-03-02 12:00 UTC or later"
    ]


def test_tries_again_count_too(book):
    carrier = Carrier(book, calls=3)

    audit = asked(book, carrier, quota=Quota(60, 3600, 7))

    assert len(carrier.asked) == 2
    assert audit.buckets["ups"].calls(NOW) == 1


@pytest.mark.parametrize("code", ["quota", "not_authorised"])
def test_a_carrier_that_sends_us_away_is_not_asked_again(book, code):
    carrier = Carrier(book, messages=(Message("error", code, "go away"),))

    audit = asked(book, carrier)

    assert carrier.asked == ["A"]
    assert audit.asked["answered"].to_list() == [False]
    assert audit.told.filter(code="not_asked").height == 2


def test_a_carrier_without_our_service_or_in_another_currency_is_told_not_compared(book):
    class Other:
        def __init__(self, rates):
            self.said = rates

        def rates(self, _):
            return RatesReply(self.said, calls=1)

    base = (Charge("base", 900),)
    for said in ((LiveRate("ups:2nd_day_air", "list", "USD", base),), (LiveRate("ups:ground", "list", "CAD", base),)):
        audit = asked(book, Other(said))
        assert audit.quotes.is_empty()
        assert audit.parcels.is_empty()
        assert audit.told["code"].to_list() == ["not_compared"] * 3
        assert audit.asked["answered"].to_list() == [True] * 3


def test_prices_that_a_test_environment_made_up_are_not_compared(book):
    audit = asked(book, Carrier(book, messages=(Message("warning", "made_up", "all invented"),)))

    assert audit.quotes.is_empty()
    assert audit.told.filter(code="not_compared").height == 3


def test_quotes_become_lawful_invoice_rows_and_parcels(book):
    invoices, sent = as_invoices(asked(book, Carrier(book, {"residential": 24})))

    tables.Invoices.validate(invoices)
    tables.Parcels.validate(sent)
    assert set(invoices["parcel"]) == set(sent["parcel"])
    assert invoices["cents"].sum() > 0


# --- kept between runs ----------------------------------------------------------------------------------------------
@pytest.fixture
def kept(tmp_path):
    store = MemoryStore()
    yield store, SnapshotFolder(tmp_path)
    store.close()


def run(kept, book, carrier, at):
    return audit_rates(*kept, SENT, book, {"ups": carrier}, {"ups": HOUR}, now=at)


def test_each_run_asks_for_what_the_one_before_left(kept, book):
    small = Quota(60, 3600, 4)
    one, two = Carrier(book), Carrier(book)

    audit_rates(*kept, SENT, book, {"ups": one}, {"ups": small}, now=NOW)
    audit_rates(*kept, SENT, book, {"ups": two}, {"ups": small}, now=NOW + timedelta(hours=1))

    assert sorted(one.asked + two.asked) == ["A", "C", "D"]
    assert kept_audits(*kept).quotes["quote"].n_unique() == 3


def test_however_often_it_runs_no_hour_sees_more_than_its_quota(kept, book):
    many = parcels(*((f"P{k}", "60601" if k % 2 else "10001", 450 + k % 3 * 2_000, 1) for k in range(40)))
    at, calls = NOW, []
    for minute in range(0, 180, 6):
        at = NOW + timedelta(minutes=minute)
        # A bare network every day: what was asked this morning is asked for again, so that the quota alone holds back.
        carrier = Carrier(book, messages=(Message("error", "no_answer", "?"),), calls=3)
        audit_rates(*kept, many, book, {"ups": carrier}, {"ups": HOUR}, now=at)
        calls += [at] * 3 * len(carrier.asked)

    busiest = max(sum(start <= call < start + timedelta(hours=1) for call in calls) for start in calls)
    assert 30 < busiest <= 60


def test_a_run_that_begins_while_another_asks_finds_every_call_taken(kept, book):
    late = Carrier(book)

    class Meanwhile(Carrier):
        def rates(self, parcel):
            assert run(kept, book, late, NOW).quotes.is_empty()
            return super().rates(parcel)

    first = Meanwhile(book)
    run(kept, book, first, NOW)

    assert len(first.asked) == 3
    assert late.asked == []


def test_of_two_runs_that_begin_at_once_one_is_refused_before_it_asks(kept, book, monkeypatch):
    other, refused = Carrier(book), Carrier(book)
    proposing = keep.propose_audit

    def overtaken(*said, **more):
        monkeypatch.setattr(keep, "propose_audit", proposing)
        run(kept, book, other, NOW)
        return proposing(*said, **more)

    monkeypatch.setattr(keep, "propose_audit", overtaken)
    with pytest.raises(ConflictError):
        run(kept, book, refused, NOW)

    assert (len(other.asked), refused.asked) == (3, [])


def test_what_was_taken_and_not_used_is_given_back(kept, book):
    run(kept, book, Carrier(book), NOW)

    assert kept_audits(*kept).buckets["ups"].calls(NOW) == HOUR.burst - 3


def test_the_same_question_asked_again_the_same_day_replaces_its_answer(kept, book):
    unheard = (Message("error", "no_answer", "?"),)
    run(kept, book, Carrier(book, {"base": 7}, messages=unheard), NOW)
    run(kept, book, Carrier(book, {"base": 9}), NOW + timedelta(hours=1))

    after = kept_audits(*kept)
    assert after.quotes.filter(charge="base")["off_cents"].to_list() == [9, 9, 9]
    assert after.parcels.height == 3
