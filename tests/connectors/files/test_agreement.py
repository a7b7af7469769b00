"""Rows that contradict one another or other tables are refused, both sides named."""

import pytest

STOCK = "sku,node,on_hand,observed_at\n"
CARDS = "service,valid_from\nups:ground,2026-01-01\n"
RATES = (
    "service,valid_from,zone,max_weight_g,cents\nups:ground,2026-01-01,2,1000,900\nups:ground,2026-01-01,3,1000,950\n"
)
ORDERS = "order,line,sku,units,placed_at,postal_code,country\n"


def test_a_row_that_stands_twice_names_both_rows(refused) -> None:
    row = "MUG,NJ,3,2026-11-20T14:00:00Z\n"

    problem = refused(
        stock__csv=STOCK + row + "00012,NJ,1,2026-11-20T14:00:00Z\n" + row.replace("3", "4").replace("24", "23")
    )

    assert str(problem) == (
        "stock.csv row 4, column sku, node, value 'MUG / NJ': have the same sku, node as row 2; keep one of the two rows"
    )


def test_space_around_a_name_does_not_hide_that_it_stands_twice(refused) -> None:
    problem = refused(items__csv="sku,weight_g,unit_cost_cents,price_cents\nMUG,1,1,1\n00012,1,1,1\nMUG ,1,1,1\n")

    assert (problem.row, problem.what) == (4, "has the same sku as row 2")


@pytest.mark.parametrize(("sku", "near"), [("12", "00012"), ("mug", "MUG"), ("M-U-G", "MUG"), ("0012", "00012")])
def test_an_unknown_item_is_refused_with_the_one_that_is_likely_meant(refused, sku: str, near: str) -> None:
    problem = refused(stock__csv=f"{STOCK}{sku},NJ,3,2026-11-20T14:00:00Z\n")

    assert (problem.file, problem.row, problem.column, problem.value) == ("stock.csv", 2, "sku", sku)
    assert problem.what == "is not in items.sku"
    assert f"did you mean {near}?" in problem.fix


def test_a_stranger_gets_no_suggestion(refused) -> None:
    problem = refused(stock__csv=f"{STOCK}MUG,ZURICH,3,2026-11-20T14:00:00Z\n")

    assert (problem.column, problem.fix) == ("node", "correct it, or add it to nodes")


def test_rates_need_their_card_and_its_first_day(read, refused) -> None:
    assert "rate_cards, which is not there" in refused(rates__csv=RATES).what
    problem = refused(rate_cards__csv=CARDS, rates__csv=RATES.replace("2026-01-01,3", "2026-02-01,3"))
    assert (problem.row, problem.column, problem.value) == (3, "valid_from", "2026-02-01")
    assert problem.what == "is not the first day of a card of ups:ground"


def test_a_zone_that_no_service_prices_is_refused_and_one_that_some_lack_is_noted(read, refused, put) -> None:
    cards = CARDS + "dhl:paket,2026-01-01\n"
    rates = RATES + "dhl:paket,2026-01-01,2,1000,700\n"
    zones = "origin_zip3,destination_zip3,zone\n752,070,3\n"

    reading = read(rate_cards__csv=cards, rates__csv=rates, zones__csv=zones)
    assert reading.count == 0
    assert "rates.csv: dhl:paket has no rate for zone 3" in reading.notes

    problem = refused(zones__csv=zones + "752,969,9\n")
    assert (problem.file, problem.row, problem.value) == ("zones.csv", 3, "9")
    assert problem.what == "is a zone for which no service has a rate"


def test_transit_shares_add_up_to_one_or_are_refused(read, refused) -> None:
    head = "service,zone,days,probability\n"
    cards = {"rate_cards__csv": CARDS}

    # 0.6 + 0.3 = 0.9: a tenth of the parcels never arrives
    problem = refused(**cards, transit__csv=f"{head}ups:ground,2,1,0.6\nups:ground,2,2,0.3\n")
    assert (problem.row, problem.column, problem.value) == (2, "probability", "0.9")
    assert problem.what == "the probabilities of ups:ground, zone 2 add up to 0.9, not 1"

    # thirds written with four decimals add up to 0.9999: rounding, so scaled and noted
    reading = read(**cards, transit__csv=head + "".join(f"ups:ground,2,{d},0.3333\n" for d in (1, 2, 3)))
    assert reading.frames["transit"]["probability"].sum() == pytest.approx(1, abs=1e-12)
    assert any("scaled so that they add up to exactly 1" in note for note in reading.notes)


def test_a_lane_leads_from_one_node_to_another(refused) -> None:
    problem = refused(lanes__csv="origin,destination,lead_days\nTX,NJ,2\nNJ,NJ,1\n")

    assert (problem.row, problem.column, problem.value) == (3, "destination", "NJ")


def test_a_validity_ends_after_it_begins(refused) -> None:
    problem = refused(rate_cards__csv="service,valid_from,valid_to\nups:ground,2026-03-01,2026-02-28\n")

    assert str(problem).startswith(
        "rate_cards.csv row 2, column valid_to, value '2026-02-28': lies before the first day, 2026-03-01"
    )


def test_half_a_place_is_no_place(refused) -> None:
    text = "node,kind,postal_code,timezone,latitude,longitude\nTX,own,75201,America/Chicago,32.7,\n"

    problem = refused(nodes__csv=text + "NJ,own,07030,America/New_York,,\n")

    assert (problem.row, problem.what) == (2, "longitude is empty or refused while the other is given")


def test_what_belongs_to_the_order_is_the_same_on_each_of_its_lines(refused) -> None:
    lines = "1001,1,MUG,1,2026-11-20T14:00:00Z,10001,US\n1001,2,00012,1,2026-11-20T14:00:00Z,10002,US\n"

    problem = refused(orders__csv=ORDERS + lines)

    assert (problem.row, problem.column, problem.value) == (3, "postal_code", "10002")
    assert problem.what == "differs from row 2 of the same order, 1001"


def test_a_customers_postal_code_that_lost_its_zero_is_refused(refused) -> None:
    problem = refused(orders__csv=f"{ORDERS}1001,1,MUG,1,2026-11-20T14:00:00Z,2139,US\n")

    assert (problem.column, problem.value) == ("postal_code", "2139")
    assert "write 02139" in problem.fix


def test_nothing_is_promised_before_it_is_ordered(refused) -> None:
    head = ORDERS.replace("country", "country,deliver_by")

    problem = refused(orders__csv=f"{head}1001,1,MUG,1,2026-11-20T14:00:00Z,10001,US,2026-11-01\n")

    assert (problem.column, problem.value, problem.what) == (
        "deliver_by",
        "2026-11-01",
        "lies before the order was placed",
    )


def test_a_cost_that_makes_no_sense_is_refused(refused) -> None:
    problem = refused(costs__csv="cost,amount\nlate_order_cents,900\nhorizon_days,90\n")

    assert (problem.row, problem.column, problem.value) == (3, "amount", "90")
    assert problem.what == "costs: horizon_days is 1 to 60, not 90"
