"""What decisions foretold is held against invoices, scans and tickets; nothing changes by itself."""

import datetime as dt
from math import isnan

import polars as pl

from evenstock.domain import (
    Allow,
    Candidate,
    Cents,
    Commitment,
    Costs,
    CostTerm,
    DecisionId,
    DecisionRecord,
    Inputs,
    LineId,
    NodeId,
    OrderId,
    OrderPlan,
    OrderShipment,
    Outcome,
    ServiceId,
    ShippedLine,
    Sku,
    Units,
)
from evenstock.operations.review_outcomes import PRIOR_CASES, OutcomeReview, review_outcomes

DAY = dt.date(2026, 11, 2)
NOW = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)


def decided(number: int, *freight: int, on_time: float = 0.9, node: str = "TX") -> DecisionRecord:
    goods = (ShippedLine(LineId("1"), Sku("MUG"), Units(1)),)
    shipments = tuple(
        OrderShipment(
            Candidate(NodeId(f"{node}{k}"), ServiceId("ups:ground"), DAY), goods,
            (CostTerm("base freight", Cents(cents - 50)), CostTerm("fuel", Cents(50)), CostTerm("lateness", Cents(90))),
        )
        for k, cents in enumerate(freight)
    )  # fmt: skip
    return DecisionRecord(
        DecisionId(f"route-{number}"), OrderId(f"A-{number}"), NOW, Inputs("n", "s", "p", "q", "1"), Outcome.EXECUTED,
        Allow(), "", OrderPlan(shipments), (), (),
        commitment=Commitment(DAY + dt.timedelta(days=5), 900_000, round(on_time * 1_000_000)),
    )  # fmt: skip


def shipped(*rows: tuple[int, int, int | None, int | None]) -> pl.DataFrame:
    """Order number, shipment of it, invoiced cents, days until delivery."""
    return pl.DataFrame(
        [
            (
                f"S-{n}-{k}", f"A-{n}", f"TX{k}", "ups:ground", DAY,
                None if days is None else DAY + dt.timedelta(days=days), 1, cents, False,
            )
            for n, k, cents, days in rows
        ],
        orient="row",
        schema={"shipment": pl.String, "order": pl.String, "node": pl.String, "service": pl.String,
                "shipped_on": pl.Date, "delivered_on": pl.Date, "parcels": pl.Int64, "cents": pl.Int64,
                "reship": pl.Boolean},
    )  # fmt: skip


def claims(kind: str, cents: dict[int, int]) -> pl.DataFrame:
    return pl.DataFrame(
        [(f"C-{n}", f"A-{n}", DAY, kind, paid) for n, paid in cents.items()], orient="row",
        schema={"claim": pl.String, "order": pl.String, "opened_on": pl.Date, "kind": pl.String, "cents": pl.Int64},
    )  # fmt: skip


def review(records: list[DecisionRecord], costs: Costs | None = None, **tables: pl.DataFrame) -> OutcomeReview:
    return review_outcomes(records, tables, costs or Costs(), first=DAY, last=DAY)


def test_freight_that_a_carrier_bills_higher_is_seen_in_cents_and_by_service() -> None:
    records = [decided(n, 800) for n in range(40)]
    bills = shipped(*((n, 0, 880, 3) for n in range(40)))

    said = review(records, shipments=bills)

    freight = said.foretold[0]
    assert (freight.foretold, freight.actual, freight.cases) == (40 * 800, 40 * 880, 40)
    assert round(freight.low, 6) == round(freight.high, 6) == 1.1  # every bill is a tenth higher
    assert not freight.honest
    assert said.by_service[0].what == "ups:ground"
    assert "(+10.0 %)" in freight.sentence


def test_an_order_of_which_one_parcel_is_not_billed_yet_is_left_out_shipment_by_shipment() -> None:
    said = review([decided(1, 800, 700)], shipments=shipped((1, 0, 810, 3), (1, 1, None, 3)))

    assert (said.foretold[0].foretold, said.foretold[0].actual) == (800, 810)


def test_late_orders_are_counted_whole_when_their_last_parcel_is_there() -> None:
    records = [decided(1, 800, 700), decided(2, 800), decided(3, 800)]
    scans = shipped((1, 0, None, 3), (1, 1, None, 6), (2, 0, None, 5), (3, 0, None, None))

    late = next(one for one in review(records, shipments=scans).foretold if one.what == "late orders")

    # Order 1's second parcel came on the sixth day, order 2 on the promised fifth, order 3 is still under way.
    assert (late.actual, late.cases, round(late.foretold, 6)) == (1, 2, 0.2)
    assert isnan(late.low)  # two orders prove nothing


def test_what_late_orders_cost_in_tickets_is_proposed_and_drawn_to_what_is_in_force() -> None:
    records = [decided(n, 800) for n in range(100)]
    scans = shipped(*((n, 0, 800, 9 if n < 50 else 3) for n in range(100)))
    paid = claims("late", {n: 2_000 if n % 2 else 1_000 for n in range(50)})

    proposals = review(records, shipments=scans, claims=paid).proposals

    # Fifty late orders cost 1,500 on average; 900 is in force; fifty cases move it half of the way: 1,200.
    assert PRIOR_CASES == 50
    assert [(p.cost, p.now, p.proposed, p.cases) for p in proposals] == [("late_order_cents", 900, 1_200, 50)]
    assert proposals[0].low < 1_500 < proposals[0].high


def test_a_number_that_outcomes_agree_with_is_left_alone() -> None:
    records = [decided(n, 800) for n in range(60)]
    scans = shipped(*((n, 0, 800, 9) for n in range(60)))
    paid = claims("late", {n: 1_300 if n % 2 else 500 for n in range(60)})

    assert review(records, shipments=scans, claims=paid).proposals == ()


def test_a_split_delivery_is_weighed_per_shipment_after_the_first() -> None:
    records = [decided(n, 800, 700, 600) for n in range(30)]
    paid = claims("split", dict.fromkeys(range(30), 500))

    proposals = review(records, claims=paid).proposals

    # 500 for two further shipments are 250 each; 30 of 80 weights on the way from 75: 75 + .375 x 175 = 140.6.
    assert [(p.cost, p.proposed, p.low, p.high) for p in proposals] == [("extra_shipment_cents", 141, 250, 250)]


def test_missing_tables_are_named_and_an_order_decided_twice_counts_once() -> None:
    said = review([decided(1, 800), decided(1, 900)])

    assert said.orders == 1
    assert said.foretold == ()
    assert len(said.notes) == 2
    assert "no table shipments" in said.notes[0]


def test_units_that_pickers_do_not_find_are_held_against_what_was_charged_for_doubt() -> None:
    record = decided(1, 800)
    assert record.choice is not None
    doubt = CostTerm("phantom stock", Cents(600))
    shipment = record.choice.shipments[0]
    doubtful = OrderPlan((OrderShipment(shipment.candidate, shipment.lines, (*shipment.terms, doubt)),))
    picks = pl.DataFrame(
        {"pick": ["P"], "sku": ["MUG"], "node": ["TX0"], "picked_at": [NOW], "wanted": [2], "found": [0]}
    )
    records = [DecisionRecord(
        record.id, record.order, NOW, record.inputs, record.outcome, Allow(), "", doubtful, (), ()
    )]  # fmt: skip

    said = review(records, short_picks=picks).foretold

    # 600 cents of doubt at 1,200 a missing unit are half a unit; two were missing.
    assert [(one.what, one.foretold, one.actual) for one in said] == [("missing units", 0.5, 2)]
