"""What carriers answer, brought to one form: golden replies written by us, with their arithmetic."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.carriers import made

from evenstock.carriers import dhl, fedex, ups, usps
from evenstock.operations.carrier_ports import Charge, TrackedParcel, tracking_rows


def by_basis(reply):
    return {rate.basis: rate for rate in reply.rates}


def named(rate):
    return {charge.name: charge.cents for charge in rate.charges}


# --- prices ---------------------------------------------------------------------------------------------------------
def test_ups_says_list_and_negotiated_apart_each_charge_by_our_name():
    reply = ups.rates(made.ups_rates())

    rates = by_basis(reply)
    assert named(rates["list"]) == {"base": 940, "fuel": 169, "residential": 595}
    assert named(rates["negotiated"]) == {"base": 658, "fuel": 118, "residential": 595}
    assert rates["list"].cents == 940 + 169 + 595 == 1704
    assert rates["negotiated"].cents == 658 + 118 + 595 == 1371
    for rate in reply.rates:
        assert (rate.service, rate.code, rate.currency, rate.zone) == ("ups:ground", "03", "USD", 8)
        assert rate.billed_g == round(3 * 453.59237)
        assert (rate.transit_days, rate.deliver_on) == (4, date(2026, 3, 6))
    assert [(m.level, m.code) for m in reply.messages] == [("warning", "110971")]


def test_what_a_total_holds_beyond_its_charges_is_named_not_lost():
    body = made.ups_rates()
    body["RateResponse"]["RatedShipment"][0]["TotalCharges"]["MonetaryValue"] = "18.00"

    assert named(by_basis(ups.rates(body))["list"])["not_itemised"] == 1800 - 1704


def test_ups_s_package_charges_count_beside_the_shipment_s():
    body = made.ups_rates()
    shipment = body["RateResponse"]["RatedShipment"][0]
    handling = {"Code": "100", "CurrencyCode": "USD", "MonetaryValue": "28.00"}
    shipment["RatedPackage"][0]["ItemizedCharges"] = [handling]
    shipment["TotalCharges"]["MonetaryValue"] = "45.04"

    assert named(by_basis(ups.rates(body))["list"]) == {
        "base": 940,
        "fuel": 169,
        "residential": 595,
        "additional_handling": 2800,
    }


def test_a_refusal_is_a_message_not_an_error():
    refused = {"response": {"errors": [{"code": "111100", "message": "The requested service is invalid."}]}}

    reply = ups.rates(refused)

    assert reply.rates == ()
    assert [(m.level, m.code, m.words) for m in reply.messages] == [
        ("error", "111100", "The requested service is invalid.")
    ]


def test_fedex_says_the_discount_beside_the_base_and_the_total_is_theirs():
    reply = fedex.rates(made.fedex_rates())

    rates = by_basis(reply)
    assert named(rates["negotiated"]) == {"base": 2000, "discount": -500, "fuel": 255, "residential": 500}
    assert rates["negotiated"].cents == 2000 - 500 + 255 + 500 == 2255
    assert named(rates["list"]) == {"base": 2000, "fuel": 340, "residential": 600}
    assert {(r.service, r.zone, r.transit_days, r.deliver_on) for r in reply.rates} == {
        ("fedex:home_delivery", 8, 4, date(2026, 3, 6))
    }
    assert [m.level for m in reply.messages] == ["note"]


def test_fedex_s_amounts_may_stand_beside_their_currency():
    body = made.fedex_rates()
    rated = body["output"]["rateReplyDetails"][0]["ratedShipmentDetails"][1]
    rated["totalNetCharge"] = {"amount": 29.4, "currency": "USD"}
    rated["shipmentRateDetail"]["surCharges"][0]["amount"] = {"amount": "3.40", "currency": "USD"}

    assert named(by_basis(fedex.rates(body))["list"])["fuel"] == 340


def test_usps_names_its_fees_and_bills_the_heavier_of_weight_and_volume():
    (rate,) = usps.rates(made.usps_options()).rates

    assert named(rate) == {"base": 815, "nonstandard_length": 400}
    assert rate.cents == 815 + 400 == 1215
    assert (rate.service, rate.basis, rate.zone) == ("usps:ground_advantage", "negotiated", 8)
    assert rate.billed_g == round(3 * 453.59237)
    assert (rate.transit_days, rate.deliver_on) == (5, date(2026, 3, 7))


def test_usps_without_a_standard_of_days_says_none():
    body = made.usps_options()
    body["pricingOptions"][0]["shippingOptions"][0]["rateOptions"][0]["commitment"]["name"] = "NO STD"

    assert usps.rates(body).rates[0].transit_days is None


def test_usps_s_single_piece_price_stands_before_those_for_parcels_brought_to_the_last_office():
    body = made.usps_options()
    (single,) = body["pricingOptions"][0]["shippingOptions"][0]["rateOptions"]
    single["rates"][0] |= {"rateIndicator": "SP", "destinationEntryFacilityType": "NONE"}
    brought = {
        "rates": [{"price": 5.0, "rateIndicator": "SP", "destinationEntryFacilityType": "DESTINATION_DELIVERY_UNIT"}]
    }
    body["pricingOptions"][0]["shippingOptions"][0]["rateOptions"] = [brought, single]

    assert [rate.cents for rate in usps.rates(body).rates] == [1215, 500]


def test_usps_s_nested_errors_come_back_each_in_its_words():
    reply = usps.rates(
        {
            "error": {
                "code": "400",
                "message": "Bad Request",
                "errors": [{"title": "ZIP", "detail": "is unknown", "code": "160"}],
            }
        }
    )

    assert [(m.code, m.words) for m in reply.messages] == [("160", "ZIP is unknown"), ("400", "Bad Request")]


def test_dhl_is_priced_in_the_currency_it_bills():
    reply = dhl.rates(
        {
            "products": [
                {
                    "productName": "EXPRESS WORLDWIDE",
                    "productCode": "P",
                    "totalPrice": [
                        {"currencyType": "PULCL", "priceCurrency": "EUR", "price": 44.0},
                        {"currencyType": "BILLC", "priceCurrency": "USD", "price": 48.2},
                    ],
                    "detailedPriceBreakdown": [
                        {
                            "currencyType": "BILLC",
                            "breakdown": [
                                {"name": "EXPRESS WORLDWIDE", "price": 40.0},
                                {"name": "FUEL SURCHARGE", "serviceCode": "FF", "price": 8.2},
                            ],
                        }
                    ],
                    "deliveryCapabilities": {
                        "totalTransitDays": 2,
                        "estimatedDeliveryDateAndTime": "2026-03-04T23:59:00",
                    },
                }
            ]
        }
    )

    (rate,) = reply.rates
    assert (rate.service, rate.currency, named(rate)) == ("dhl:express_worldwide", "USD", {"base": 4000, "fuel": 820})
    assert (rate.transit_days, rate.deliver_on) == (2, date(2026, 3, 4))


@pytest.mark.parametrize("member", [ups, fedex, usps, dhl], ids=lambda m: m.__name__.rsplit(".", 1)[-1])
@pytest.mark.parametrize("body", [None, [], {}, "sorry", 7, {"output": "x"}, {"rates": [1]}, {"products": [{}]}, [[]]])
def test_nonsense_is_no_price_and_no_crash(member, body):
    assert member.rates(body).rates == ()
    assert member.tracking(body).scans == ()


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e99", "0.00", "-3", "", None, True, {}, "nine"])
def test_an_amount_that_no_parcel_could_cost_is_no_price(amount):
    body = made.ups_rates()
    body["RateResponse"]["RatedShipment"][0]["TotalCharges"]["MonetaryValue"] = amount

    reply = ups.rates(body)

    assert [rate.basis for rate in reply.rates] == ["negotiated"]
    assert any(m.level == "error" and "total" in m.words for m in reply.messages)


def test_what_nobody_read_is_counted():
    body = made.usps_options()
    body["pricingOptions"][0]["shippingOptions"][0]["rateOptions"][0]["newThing"] = {"a": 1, "b": [2, 3], "c": None}

    place = "pricingOptions[].shippingOptions[].rateOptions[].newThing"
    unread = usps.rates(body).unread
    assert unread[f"{place}.a"] == 1
    assert unread[f"{place}.b[]"] == 2
    assert f"{place}.c" not in unread


# --- scans ----------------------------------------------------------------------------------------------------------
def test_ups_s_gmt_fields_win_over_its_local_time():
    scan = made.ups_scan("D", "DELIVERED ", gmtDate="20260304", gmtTime="15:44:34", gmtOffset="-07:00")

    (seen,) = ups.tracking(made.ups_tracking(scan)).scans

    assert seen.scanned_at == datetime(2026, 3, 4, 15, 44, 34, tzinfo=UTC)
    assert (seen.status, seen.words, seen.offset_known) == ("delivered", "DELIVERED", True)


def test_without_gmt_fields_the_offset_is_taken_off_the_local_time():
    # 08:44:34 seven hours behind is 15:44:34.
    scan = made.ups_scan("I", "Departed from Facility", gmtOffset="-07:00")

    (seen,) = ups.tracking(made.ups_tracking(scan)).scans

    assert seen.scanned_at == datetime(2026, 3, 4, 15, 44, 34, tzinfo=UTC)


def test_a_local_time_without_an_offset_is_read_in_the_zone_asked_for_and_says_so():
    # Los Angeles is eight hours behind on 4 March.
    scan = made.ups_scan("I", "Arrived at Facility")

    (seen,) = ups.tracking(made.ups_tracking(scan), zone=ZoneInfo("America/Los_Angeles")).scans

    assert seen.scanned_at == datetime(2026, 3, 4, 16, 44, 34, tzinfo=UTC)
    assert not seen.offset_known


def test_usps_s_local_time_that_ends_in_z_is_not_believed():
    event = {
        "eventCode": "01",
        "eventType": "DELIVERED, FRONT DESK",
        "eventTimestamp": "2026-03-04T08:44:34Z",
        "GMTOffset": "-7:00",
    }
    both = event | {"GMTTimestamp": "2026-03-04T15:44:34Z"}

    for said in (event, both):
        (seen,) = usps.tracking(made.usps_tracking(said)).scans
        assert seen.scanned_at == datetime(2026, 3, 4, 15, 44, 34, tzinfo=UTC)


def test_fedex_s_moment_carries_its_own_offset():
    event = {
        "date": "2026-03-04T08:44:34-07:00",
        "eventType": "OD",
        "eventDescription": "On FedEx vehicle for delivery",
    }

    (seen,) = fedex.tracking(made.fedex_tracking(event)).scans

    assert seen.scanned_at == datetime(2026, 3, 4, 15, 44, 34, tzinfo=UTC)
    assert seen.status == "out_for_delivery"


@pytest.mark.parametrize(
    ("kind", "words", "status"),
    [
        ("M", "Shipper created a label, UPS has not received the package yet.", "pending"),
        ("P", "Pickup Scan", "picked_up"),
        ("I", "Departed from Facility", "in_transit"),
        ("O", "Out For Delivery Today", "out_for_delivery"),
        ("D", "DELIVERED", "delivered"),
        ("MV", "Void Information Received", "cancelled"),
        ("RS", "Returned to shipper", "return_to_sender"),
        ("X", "The receiver was not available for delivery.", "delivery_failed"),
        ("X", "The package was damaged in transit.", "damaged"),
        ("X", "We are unable to locate the package.", "lost"),
        ("X", "Severe weather conditions have delayed delivery.", "delivery_delayed"),
        ("X", "Your package was released by the customs agency.", "in_transit"),
        ("X", "Held", "on_hold"),
        ("X", "", "on_hold"),
        ("I", "Package available for customer pickup", "ready_for_pickup"),
        ("Q", "¿Qué?", "unknown"),
    ],
)
def test_ups_s_exceptions_are_read_from_their_words(kind, words, status):
    assert ups.tracking(made.ups_tracking(made.ups_scan(kind, words))).scans[0].status == status


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"eventType": "OC", "eventDescription": "Shipment information sent to FedEx"}, "pending"),
        ({"eventType": "PU", "eventDescription": "Picked up"}, "picked_up"),
        ({"eventType": "DL", "eventDescription": "Delivered"}, "delivered"),
        ({"eventType": "DE", "exceptionDescription": "Customer not available or business closed"}, "delivery_failed"),
        ({"eventType": "DE", "exceptionDescription": "Damaged, delivery not completed"}, "damaged"),
        (
            {"eventType": "SE", "eventDescription": "Shipment exception", "exceptionDescription": "Weather"},
            "delivery_delayed",
        ),
        ({"eventType": "HL", "eventDescription": "Ready for pickup"}, "ready_for_pickup"),
        ({"eventType": "ZZ", "eventDescription": "Arrived at FedEx hub"}, "in_transit"),
    ],
)
def test_fedex_s_codes_and_exceptions_come_to_one_set(said, status):
    event = {"date": "2026-03-04T08:44:34-07:00"} | said

    assert fedex.tracking(made.fedex_tracking(event)).scans[0].status == status


@pytest.mark.parametrize(
    ("code", "words", "status"),
    [
        ("GX", "SHIPPING LABEL CREATED, USPS AWAITING ITEM", "pending"),
        ("03", "ACCEPTED AT USPS ORIGIN FACILITY", "picked_up"),
        ("10", "PROCESSED THROUGH USPS FACILITY", "in_transit"),
        ("OF", "OUT FOR DELIVERY", "out_for_delivery"),
        ("02", "NOTICE LEFT (NO AUTHORIZED RECIPIENT AVAILABLE)", "delivery_failed"),
        ("14", "AVAILABLE FOR PICKUP", "ready_for_pickup"),
        ("01", "DELIVERED, IN/AT MAILBOX", "delivered"),
        ("09", "RETURN TO SENDER", "return_to_sender"),
        ("NT", "IN TRANSIT, ARRIVING LATE", "delivery_delayed"),
        ("SF", "DEPARTED USPS REGIONAL FACILITY", "in_transit"),
        ("?", "ITEM DAMAGED IN MAIL STREAM", "damaged"),
    ],
)
def test_usps_s_codes_and_words_come_to_one_set(code, words, status):
    event = {"eventCode": code, "eventType": words, "GMTTimestamp": "2026-03-04T15:44:34Z"}

    assert usps.tracking(made.usps_tracking(event)).scans[0].status == status


def test_a_scan_without_a_moment_is_told_not_dropped():
    reply = ups.tracking(made.ups_tracking(made.ups_scan("D", "DELIVERED", day="", clock="")))

    assert reply.scans == ()
    assert "without a moment" in reply.messages[0].words


def test_scans_become_rows_once_each_and_strangers_are_told():
    scan = made.ups_scan("D", "DELIVERED", gmtDate="20260304", gmtTime="154434")
    reply = ups.tracking(made.ups_tracking(scan, scan))

    rows, told = tracking_rows(reply, [TrackedParcel("P-1", "1Z023E2X0214323462", "ups:ground")])
    none, strangers = tracking_rows(reply, [TrackedParcel("P-2", "1Z999", "ups:ground")])

    assert rows.select("parcel", "code", "status").rows() == [("P-1", "D XX", "delivered")]
    assert told == ()
    assert none.is_empty()
    assert "2 scans of 1Z023E2X0214323462" in strangers[0].words


def test_a_charge_of_nothing_is_left_out():
    assert (
        Charge("ups_999", 0, "999", "Something new") not in by_basis(ups.rates(made.ups_rates()))["negotiated"].charges
    )
