"""The bridge to karrio against a server on this machine; without karrio it says what to install."""

import importlib.util
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.carriers import made
from tests.carriers.office import Office

from evenstock.carriers import Access, Account, open_carrier, ups
from evenstock.operations.carrier_ports import TrackedParcel

HERE = importlib.util.find_spec("karrio") is not None
karrio = pytest.mark.skipif(not HERE, reason="karrio is not installed (make bench installs it beside ours)")
TOKEN = {"access_token": "tok", "expires_in": "14399", "issued_at": "4102444800000"}


@pytest.fixture
def office():
    opened = Office()
    yield opened
    opened.close()


@pytest.fixture
def carrier(office, monkeypatch):
    account = Account("A1B2C3", "id-5f1d", "secret-9c3e7")
    opened = open_carrier(
        "through_karrio", Access(account, options={"gateway": "ups"}, zone=ZoneInfo("America/Denver"))
    )
    # karrio takes its addresses from its settings, as a property of their class.
    monkeypatch.setattr(type(opened.gateway.settings), "server_url", property(lambda _: office.address))
    return opened


@karrio
def test_karrio_s_prices_come_out_as_our_own_reader_s(office, carrier):
    body = made.ups_rates()
    negotiated = body["RateResponse"]["RatedShipment"][0]["NegotiatedRateCharges"]
    # The official contract makes this a list; karrio reads it only as a lone object, our own reader either way.
    (negotiated["BaseServiceCharge"],) = negotiated["BaseServiceCharge"]
    office.will(200, TOKEN)
    office.will(200, body)

    reply = carrier.rates(made.PARCEL)

    (rate,) = reply.rates
    ours = ups.rates(body).rates[1]
    assert ours.charges == ups.rates(made.ups_rates()).rates[1].charges
    assert (rate.service, rate.cents) == (ours.service, ours.cents) == ("ups:ground", 1371)
    # karrio counts the sum of service options beside its parts; what it says too much is taken off by name.
    assert {c.name: c.cents for c in rate.charges} == {
        "base": 658,
        "fuel": 118,
        "residential": 595,
        "03": 595,
        "not_itemised": -595,
    }
    assert rate.transit_days == 4
    assert rate.zone == 8


@karrio
def test_karrio_s_scans_are_read_in_the_zone_asked_for(office, carrier):
    scan = made.ups_scan("D", "DELIVERED", gmtDate="20260304", gmtTime="15:44:34", gmtOffset="-07:00")
    body = made.ups_tracking(scan)
    package = body["trackResponse"]["shipment"][0]["package"][0]
    package |= {"deliveryDate": [{"type": "DEL", "date": "20260304"}], "deliveryInformation": {"receivedBy": "X"}}
    office.will(200, TOKEN)
    office.will(200, body)

    reply = carrier.track([TrackedParcel("P-1", "1Z023E2X0214323462", "ups:ground")])

    # 08:44 in Denver, seven hours behind: karrio leaves the seconds and the offset out.
    (seen,) = reply.scans
    assert seen.scanned_at == datetime(2026, 3, 4, 15, 44, tzinfo=UTC)
    assert (seen.status, seen.offset_known) == ("delivered", False)


@karrio
def test_a_refusal_through_karrio_is_a_message_without_the_secret(office, carrier):
    office.will(200, TOKEN)
    office.will(400, {"response": {"errors": [{"code": "111100", "message": "no such service for secret-9c3e7"}]}})

    reply = carrier.rates(made.PARCEL)

    assert reply.rates == ()
    assert [(m.code, m.words) for m in reply.messages] == [("111100", "no such service for [hidden]")]


@karrio
def test_a_part_of_karrio_that_is_not_installed_is_named():
    with pytest.raises(ValueError, match="pip install karrio karrio-sendle"):
        open_carrier("through_karrio", Access(options={"gateway": "sendle"}))


def test_the_bridge_wants_to_know_which_carrier_is_meant():
    with pytest.raises(ValueError, match="option gateway"):
        open_carrier("through_karrio", Access())
