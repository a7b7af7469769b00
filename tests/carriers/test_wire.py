"""The line to carriers, against a real server on this machine: tokens, tries again, limits, and no secret in any word."""

import base64
import json
from urllib.parse import parse_qs

import pytest
from tests.carriers import made
from tests.carriers.office import Office

from evenstock.carriers import Access, Account, HttpWire, open_carrier, open_configured, ups
from evenstock.carriers._account import Api, ApiKey, Basic, OAuth
from evenstock.carriers._request import WireRequest
from evenstock.carriers._wire import WireReply
from evenstock.operations.call_quota import Quota
from evenstock.operations.carrier_ports import TrackedParcel

ID, SECRET = "id-5f1d", "secret-9c3e7"
TOKEN = {"access_token": "tok-1", "expires_in": "3600", "issued_at": "1772460000000"}


@pytest.fixture
def office():
    opened = Office()
    yield opened
    opened.close()


@pytest.fixture
def account(office):
    return Account("A1B2C3", ID, SECRET, "key-77aa", address={"": office.address, "tracking": office.address})


@pytest.fixture
def wire(account):
    """A wire with a login of each kind in its place, whose pauses are noted and not waited for."""
    made_wires = []

    def of(login):
        paused = []
        one = HttpWire("ups", {"": Api("https://x", "https://y", login)}, account, sleep=paused.append)
        made_wires.append(one)
        return one, paused

    yield of
    for one in made_wires:
        one.close()


ASK = WireRequest("GET", "/thing", {"a": "1"})


def test_ups_s_token_is_asked_for_with_basic_once_for_many_questions(office, wire):
    line, _ = wire(OAuth("/security/v1/oauth/token", "basic"))
    office.will(200, TOKEN)
    office.will(200, {"n": 1})
    office.will(200, {"n": 2})

    replies = [line.send(ASK), line.send(ASK)]

    assert [r.body for r in replies] == [{"n": 1}, {"n": 2}]
    assert [r.calls for r in replies] == [1, 1]
    method, path, headers, body = office.asked[0]
    assert (method, path) == ("POST", "/security/v1/oauth/token")
    assert headers["authorization"] == "Basic " + base64.b64encode(f"{ID}:{SECRET}".encode()).decode()
    assert parse_qs(body.decode()) == {"grant_type": ["client_credentials"]}
    assert [a[2]["authorization"] for a in office.asked[1:]] == ["Bearer tok-1"] * 2
    assert office.asked[1][1] == "/thing?a=1"


@pytest.mark.parametrize("sends", ["form", "json"])
def test_fedex_s_and_usps_s_tokens_are_asked_for_in_the_body(office, wire, sends):
    line, _ = wire(OAuth("/token", sends))
    office.will(200, TOKEN)
    office.will(200, {"n": 1})

    assert line.send(ASK).body == {"n": 1}

    _, _, headers, body = office.asked[0]
    said = json.loads(body) if sends == "json" else {k: v[0] for k, v in parse_qs(body.decode()).items()}
    assert said == {"grant_type": "client_credentials", "client_id": ID, "client_secret": SECRET}
    assert "authorization" not in headers


def test_a_token_near_its_end_is_asked_for_again(office, account):
    now = [0.0]
    line = HttpWire("ups", {"": Api("https://x", "https://y", OAuth("/token", "basic"))}, account, clock=lambda: now[0])
    for body in (TOKEN, {}, TOKEN, {}):
        office.will(200, body)

    line.send(ASK)
    now[0] = 3600 - 59
    line.send(ASK)
    line.close()

    assert [path for _, path, _, _ in office.asked] == ["/token", "/thing?a=1", "/token", "/thing?a=1"]


def test_a_token_that_ended_early_is_renewed_once(office, wire):
    line, _ = wire(OAuth("/token", "basic"))
    office.will(200, TOKEN)
    office.will(401, {"m": "expired"})
    office.will(200, TOKEN | {"access_token": "tok-2"})
    office.will(401, {"m": "still no"})

    reply = line.send(ASK)

    assert (reply.status, reply.calls) == (401, 2)
    assert office.asked[3][2]["authorization"] == "Bearer tok-2"


def test_a_refused_token_is_told_without_the_secret(office, wire):
    line, _ = wire(OAuth("/token", "form"))
    office.will(401, {"error": f"client {ID} with {SECRET} is unknown"})

    reply = line.send(ASK)

    assert (reply.status, reply.body, reply.calls) == (401, None, 0)
    assert "check id and secret" in reply.words
    assert SECRET not in reply.words


def test_key_and_basic_go_with_each_question(office, wire):
    keyed, _ = wire(ApiKey("DHL-API-Key"))
    basic, _ = wire(Basic())
    office.will(200)
    office.will(200)

    keyed.send(ASK)
    basic.send(ASK)

    assert office.asked[0][2]["dhl-api-key"] == "key-77aa"
    assert office.asked[1][2]["authorization"].startswith("Basic ")


def test_not_now_is_tried_again_with_longer_pauses_and_every_try_counts(office, wire):
    line, paused = wire(Basic())
    office.will(503)
    office.will(502)
    office.will(200, {"n": 1})

    reply = line.send(ASK)

    assert (reply.body, reply.calls) == ({"n": 1}, 3)
    assert paused == [0.5, 1.0]


def test_no_is_not_tried_again(office, wire):
    line, paused = wire(Basic())
    office.will(400, {"error": {"code": "1", "message": "no"}})

    assert (line.send(ASK).status, paused) == (400, [])


def test_a_carrier_says_how_long_it_wants_to_be_left_alone(office, wire):
    line, paused = wire(Basic())
    office.will(429, Retry_After="2")
    office.will(429, Retry_After="1800")

    reply = line.send(ASK)

    # Two seconds are waited; half an hour is not: the next audit asks again.
    assert (reply.status, reply.calls, paused) == (429, 2, [2.0])


def test_a_redirect_carries_no_proof_to_another_host(office, wire):
    line, _ = wire(Basic())
    elsewhere = Office()
    office.will(302, {}, Location=elsewhere.address)

    reply = line.send(ASK)
    elsewhere.close()

    assert reply.status == 302
    assert elsewhere.asked == []


@pytest.mark.parametrize("said", [b"<html>busy</html>", b"", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_not_json_is_told(office, wire, said):
    line, _ = wire(Basic())
    office.will(200, said)

    reply = line.send(ASK)

    assert reply.body is None
    assert reply.words == "ups: GET /thing: the answer (200) is not JSON"


def test_an_answer_without_end_is_cut(office, wire, monkeypatch):
    monkeypatch.setattr("evenstock.carriers._wire.LARGEST_BYTES", 1_000)
    line, _ = wire(Basic())
    office.will(200, b"[" + b"1," * 1_000 + b"1]")

    assert "larger than 1,000 bytes" in line.send(ASK).words


def test_nobody_there_is_told_after_three_tries(account):
    paused = []
    nowhere = Account("A", ID, SECRET, address={"": "http://127.0.0.1:9"})
    line = HttpWire("usps", {"": Api("https://x", "https://y", Basic())}, nowhere, sleep=paused.append)

    reply = line.send(ASK)
    line.close()

    assert (reply.status, reply.calls, paused) == (0, 3, [0.5, 1.0])
    assert reply.words == "usps: GET /thing: no answer (ConnectError)"


def test_amounts_keep_their_digits(office, wire):
    line, _ = wire(Basic())
    office.will(200, b'{"price": 1.115, "more": 0.1}')

    assert str(line.send(ASK).body["price"]) == "1.115"


@pytest.mark.parametrize(
    "address", ["http://apis.usps.com", "http://127.0.0.1.evil.example", "ftp://127.0.0.2", "apis.usps.com"]
)
def test_a_secret_never_crosses_a_network_in_the_clear(address):
    with pytest.raises(ValueError, match="must begin with https://"):
        HttpWire("usps", {"": Api("https://x", "https://y", Basic())}, Account(address={"": address}))


@pytest.mark.parametrize(
    ("login", "named"),
    [
        (OAuth("/token", "json"), "EVENSTOCK_USPS_CLIENT_ID and EVENSTOCK_USPS_CLIENT_SECRET"),
        (Basic(), "EVENSTOCK_USPS_CLIENT_ID and EVENSTOCK_USPS_CLIENT_SECRET"),
        (ApiKey("DHL-API-Key"), "EVENSTOCK_USPS_API_KEY"),
    ],
)
def test_an_account_without_its_keys_is_told_which_to_set_and_costs_no_call(office, login, named):
    line = HttpWire("usps", {"": Api("https://x", "https://y", login)}, Account(address={"": office.address}))

    reply = line.send(ASK)
    line.close()

    assert (reply.status, reply.calls, office.asked) == (401, 0, [])
    assert reply.words == f"usps: nobody says who asks: set {named}"


def test_a_request_that_holds_a_secret_cannot_be_made():
    with pytest.raises(ValueError, match="carries no secret"):
        WireRequest("GET", "/x", headers={"Authorization": "Bearer t"})


def test_the_account_prints_no_secret():
    said = repr(Account("A", ID, SECRET, "key-77aa"))

    assert not any(word in said for word in (ID, SECRET, "key-77aa"))
    assert "id-5f1d" not in repr(HttpWire("ups", {}, Account("A", ID, SECRET, "key-77aa")))


def test_the_sandbox_is_asked_unless_the_account_says_live():
    api = Api("https://live", "https://test", Basic())

    assert api.address(Account()) == "https://test"
    assert api.address(Account.from_environment("usps", {"EVENSTOCK_USPS_SANDBOX": "no"})) == "https://live"


# --- members over the line ------------------------------------------------------------------------------------------
def test_ups_is_priced_and_tracked_from_question_to_rows(office, account):
    carrier = open_carrier("ups", Access(account))
    office.will(200, TOKEN)
    office.will(200, made.ups_rates())
    office.will(200, made.ups_tracking(made.ups_scan("D", "DELIVERED", gmtDate="20260304", gmtTime="15:44:34")))

    priced = carrier.rates(made.PARCEL)
    seen = carrier.track([TrackedParcel("P-1", "1Z023E2X0214323462", "ups:ground")])
    carrier.close()

    assert {(rate.basis, rate.cents) for rate in priced.rates} == {("list", 1704), ("negotiated", 1371)}
    assert [scan.status for scan in seen.scans] == ["delivered"]
    assert (priced.calls, seen.calls) == (1, 1)
    sent = json.loads(office.asked[1][3])
    (package,) = sent["RateRequest"]["Shipment"]["Package"]
    assert package["PackageWeight"]["Weight"] == "2.3"
    assert [package["Dimensions"][side] for side in ("Length", "Width", "Height")] == ["12", "8", "4"]
    assert office.asked[2][1].startswith("/api/track/v1/details/1Z023E2X0214323462?")


def test_a_carrier_that_repeats_what_it_was_sent_gives_away_nothing(office, account):
    carrier = open_carrier("usps", Access(account))
    office.will(200, TOKEN)
    pair = base64.b64encode(f"{ID}:{SECRET}".encode()).decode()
    office.will(400, {"error": {"code": "400", "message": f"bad {SECRET} or {pair} for {ID}"}})

    (message,) = carrier.rates(made.PARCEL).messages
    carrier.close()

    assert message.words == "bad [hidden] or [hidden] for [hidden]"


def test_a_quota_that_is_spent_is_a_message_with_that_code(office, account):
    carrier = open_carrier("fedex", Access(account))
    office.will(200, TOKEN)
    office.will(429, Retry_After="3600")

    reply = carrier.rates(made.PARCEL)
    carrier.close()

    assert [(m.level, m.code) for m in reply.messages] == [("error", "quota")]
    assert reply.calls == 1


def test_dhl_s_two_interfaces_are_told_who_asks_each_in_its_way(office, account):
    carrier = open_carrier("dhl", Access(account))
    office.will(200, {"products": []})
    office.will(
        404, {"title": "No result found", "detail": "No shipment with given tracking number found.", "status": 404}
    )

    carrier.rates(made.PARCEL)
    seen = carrier.track([TrackedParcel("P-1", "JD0", "dhl:ecommerce")])
    carrier.close()

    assert office.asked[0][2]["authorization"].startswith("Basic ")
    assert office.asked[1][2]["dhl-api-key"] == "key-77aa"
    assert [(m.code, m.words.split(" No")[0]) for m in seen.messages] == [("404", "No result found")]


def test_a_test_environment_says_that_its_prices_are_made_up():
    class Office:
        def send(self, _):
            return WireReply(200, made.ups_rates())

    test, live = (open_carrier("ups", Access(Account(sandbox=s), Office())).rates(made.PARCEL) for s in (True, False))

    assert [m.code for m in test.messages if m.code == "made_up"] == ["made_up"]
    assert "EVENSTOCK_UPS_SANDBOX=no" in test.messages[-1].words
    assert not any(m.code == "made_up" for m in live.messages)


def test_carriers_whose_keys_the_environment_holds_are_opened_with_their_quota():
    environ = {
        "EVENSTOCK_USPS_CLIENT_ID": "i",
        "EVENSTOCK_USPS_CLIENT_SECRET": "s",
        "EVENSTOCK_USPS_CALLS_PER_HOUR": "300",
        "EVENSTOCK_UPS_CLIENT_ID": "i",
        "EVENSTOCK_ONTRAC_CLIENT_ID": "i",
    }

    opened = open_configured(environ)

    assert {name: quota for name, (_, quota) in opened.items()} == {"ups": ups.QUOTA, "usps": Quota(300, 3600, 50)}
    assert opened["usps"][0].account.sandbox
    with pytest.raises(ValueError, match="CALLS_PER_HOUR: 'many' is not a whole number"):
        open_configured(environ | {"EVENSTOCK_USPS_CALLS_PER_HOUR": "many"})
