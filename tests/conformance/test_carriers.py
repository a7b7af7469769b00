"""What every carrier must keep, whoever wrote it: the official contracts of UPS, FedEx and USPS are the judges.

The contracts are read from beside the checkout and never copied; where they are absent only what needs none is tested.
"""

import importlib.util
import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.carriers import made
from tests.freight.conftest import frames

from evenstock import carriers
from evenstock.carriers import Access, Account
from evenstock.carriers._account import OAuth
from evenstock.freight.rates import RateBook
from evenstock.operations.call_quota import Quota
from evenstock.operations.carrier_ports import STATUSES, Message, RatesReply, TrackedParcel, TrackingReply

SPECS = Path(os.environ.get("EVENSTOCK_SHARED", Path(__file__).parents[2] / "../shared")) / "specs"
FAMILY = carriers.family()
ASKED = {name: member for name, member in FAMILY.items() if hasattr(member, "rate_request")}
CONTRACTS = {
    "ups": {"rates": "ups/Rating.yaml", "tracking": "ups/Tracking.yaml"},
    "fedex": {"rates": "fedex/rate-api.json", "tracking": "fedex/track.json"},
    "usps": {"rates": "usps/shipping-options.yaml", "tracking": "usps/tracking.yaml"},
}
# A secret that looks like nothing else, so that finding it anywhere is a leak.
ACCOUNT = Account("A1B2C3", "id-5f1d", "secret-9c3e7", "key-77aa", sandbox=False)

official = pytest.mark.skipif(not SPECS.exists(), reason="the official contracts of carriers are not on this machine")


@cache
def contract(file):
    text = (SPECS / file).read_text("utf-8")
    return json.loads(text) if file.endswith(".json") else yaml.load(text, Loader=yaml.CSafeLoader)


FORMATS = jsonschema.FormatChecker(["date", "ipv4", "email"])


@FORMATS.checks("date-time", raises=ValueError)
def is_moment(value):
    return not isinstance(value, str) or ("T" in value and bool(datetime.fromisoformat(value)))


def errors(document, schema, value):
    """What a schema of an OpenAPI 3.0 document holds against a value, in words."""
    # FedEx lists its samples as alternatives beside the full schema, so that exactly one can never hold: the full one
    # is the judge.
    full = [s for s in resolved(document, schema).get("oneOf", []) if "Full_Schema" in s.get("$ref", "")]
    whole = {**(full[0] if full else schema), "components": document["components"]}
    # OpenAPI 3.0 writes schemas in the dialect of draft 4: an exclusive bound is a flag beside the bound.
    found = jsonschema.Draft4Validator(whole, format_checker=FORMATS).iter_errors(value)
    return [
        f"{'/'.join(map(str, error.path))}: {error.message[:80]} {[c.message[:90] for c in error.context]}"
        for error in found
    ]


def operation(document, request, address):
    """The contract's operation for a request, with the values of its path."""
    asked = urlsplit(address + request.path).path
    for server in document["servers"]:
        base = urlsplit(server["url"]).path.rstrip("/")
        for template, operations in document["paths"].items():
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(base + template))
            match = re.fullmatch(pattern, asked)
            if match and request.method.lower() in operations:
                return operations[request.method.lower()], match.groupdict()
    raise AssertionError(f"the contract knows no {request.method} {asked}")


def resolved(document, node):
    while "$ref" in node:
        target = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/")]
        node = target
    return node


def unlawful(name, what, request):
    """Everything the official contract holds against a request: unknown path, missing or wrong parameter, body."""
    document = contract(CONTRACTS[name][what])
    address = ASKED[name].APIS[request.api].address(ACCOUNT, request.api)
    asked, path = operation(document, request, address)
    # The wire adds these two to every request that has a body and a token.
    sent = {key.lower(): value for key, value in request.headers.items()}
    sent |= {"content-type": "application/json", "authorization": "Bearer token"}
    found = []
    for parameter in (resolved(document, p) for p in asked.get("parameters", [])):
        values = {"path": path, "query": request.query, "header": sent}[parameter["in"]]
        key = parameter["name"].lower() if parameter["in"] == "header" else parameter["name"]
        if key in values:
            found += errors(document, parameter["schema"], values[key])
        elif parameter.get("required"):
            found.append(f"{parameter['name']}: required in {parameter['in']}")
    known = {p["name"] for p in (resolved(document, p) for p in asked.get("parameters", [])) if p["in"] == "query"}
    found += [f"{key}: unknown in query" for key in request.query if key not in known]
    if request.json is not None:
        body = resolved(document, asked["requestBody"])["content"]["application/json"]["schema"]
        found += errors(document, body, json.loads(json.dumps(request.json)))
    return found


def replies(name, what, *, status="200"):
    """Schemas of the contract's answers to the questions we ask."""
    document = contract(CONTRACTS[name][what])
    if what == "rates":
        request = ASKED[name].rate_request(made.PARCEL, ACCOUNT)
    else:
        (request,) = ASKED[name].tracking_requests(["1Z1"], ACCOUNT)
    asked, _ = operation(document, request, ASKED[name].APIS[request.api].address(ACCOUNT, request.api))
    return document, resolved(document, asked["responses"][status])["content"]["application/json"]["schema"]


def leaves(value):
    if isinstance(value, dict):
        return sum(leaves(inner) for inner in value.values())
    if isinstance(value, list):
        return sum(leaves(inner) for inner in value)
    return value is not None and value != ""


def assert_sound(reply):
    """What holds of every answer, whatever it was made of."""
    assert all(count > 0 for count in reply.unread.values())
    assert all(isinstance(m, Message) and m.level in {"error", "warning", "note"} for m in reply.messages)
    if isinstance(reply, RatesReply):
        for rate in reply.rates:
            assert rate.cents > 0
            assert rate.service.count(":") == 1
            assert all(charge.cents for charge in rate.charges)
            assert rate.billed_g is None or rate.billed_g >= 0
    else:
        for scan in reply.scans:
            assert scan.status in STATUSES
            assert scan.scanned_at.tzinfo == UTC


# --- every member ---------------------------------------------------------------------------------------------------
def test_the_family_is_whole():
    assert {"dhl", "fedex", "lso", "ontrac", "rate_file", "through_karrio", "ups", "usps"} <= set(FAMILY)


@pytest.mark.parametrize("name", FAMILY)
def test_every_carrier_says_its_services_and_offers_both_ports(name):
    member = FAMILY[name]

    assert all(re.fullmatch(r"[a-z]+:[a-z0-9_]+", service) for service in member.SERVICES)
    assert len(set(member.SERVICES.values())) == len(member.SERVICES)
    if name in ASKED:
        assert isinstance(member.QUOTA, Quota)
        assert all(
            api.production.startswith("https://") and api.sandbox.startswith("https://") for api in member.APIS.values()
        )
        assert all(callable(getattr(member, f)) for f in ("rate_request", "rates", "tracking_requests", "tracking"))
    else:
        assert callable(member.open_with)


@pytest.mark.parametrize("name", ["rate_file", "ontrac", "lso"])
def test_a_carrier_by_file_says_the_rate_book_s_price_and_makes_no_call(name):
    book = RateBook.from_frames(**frames())
    carrier = carriers.open_carrier(name, Access(book=book, options={"carrier": "ups"}))

    reply = carrier.rates(made.PARCEL)
    carrier.close()

    assert reply.calls == 0
    assert {rate.service.split(":")[0] for rate in reply.rates} <= {"ups"}
    assert_sound(reply)


@pytest.mark.parametrize("name", ASKED)
def test_a_question_holds_no_secret_and_asks_the_same_thing_twice(name):
    asked = [ASKED[name].rate_request(made.PARCEL, ACCOUNT), *ASKED[name].tracking_requests(["A/1", "B2"], ACCOUNT)]

    for request in asked:
        assert not any(secret in repr(request) for secret in ACCOUNT.secrets)
        assert "A/1" not in request.path, "a number is quoted into a path"
    assert ASKED[name].rate_request(made.PARCEL, ACCOUNT) == asked[0]


@pytest.mark.parametrize("name", ASKED)
def test_every_number_is_asked_for_once_in_as_few_questions_as_the_carrier_takes(name):
    numbers = [f"N{k}" for k in range(65)]

    asked = ASKED[name].tracking_requests(numbers, ACCOUNT)

    said = " ".join(repr(request) for request in asked)
    assert all(len(re.findall(rf"\b{number}\b", said)) == 1 for number in numbers)
    assert len(asked) == {"fedex": 3}.get(name, 65)
    assert ASKED[name].tracking_requests([], ACCOUNT) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=60, deadline=None)
def test_no_json_whatever_breaks_a_reader(body):
    for member in ASKED.values():
        assert_sound(member.rates(body))
        assert_sound(member.tracking(body))


# --- against the official contracts ---------------------------------------------------------------------------------
PARCELS = {
    "to a home": made.PARCEL,
    "unmeasured": made.ParcelToRate("P-2", made.Address("07094"), made.Address("90001"), 250, made.MONDAY),
    "one gram": made.ParcelToRate("P-3", made.PARCEL.origin, made.PARCEL.destination, 1, made.MONDAY, 1, 1, 1),
    "large": made.ParcelToRate(
        "P-4", made.PARCEL.origin, made.PARCEL.destination, 68_000, made.MONDAY, 2_740, 500, 500, 9_999_99
    ),
}


@official
@pytest.mark.parametrize("parcel", PARCELS.values(), ids=PARCELS)
@pytest.mark.parametrize(
    "account", [ACCOUNT, Account(client_id="x", client_secret="y")], ids=["contract", "no account"]
)
@pytest.mark.parametrize("name", CONTRACTS)
def test_every_price_question_is_lawful_by_the_official_contract(name, account, parcel):
    request = ASKED[name].rate_request(parcel, account)

    if isinstance(request, Message):
        # What the carrier needs and nobody said is told before a call is spent on it.
        assert (name, parcel.measured, account.number) in {
            ("usps", False, "A1B2C3"),
            ("usps", False, ""),
            ("fedex", True, ""),
            ("fedex", False, ""),
        }
        return
    assert unlawful(name, "rates", request) == []


@official
@pytest.mark.parametrize("name", CONTRACTS)
def test_every_tracking_question_is_lawful_by_the_official_contract(name):
    for request in ASKED[name].tracking_requests(["1Z023E2X0214323462", "420900019400100000000000000000"], ACCOUNT):
        assert unlawful(name, "tracking", request) == []


@official
def test_the_judge_can_say_no():
    """A judge that finds nothing wrong with a wrong request proves nothing."""
    request = ASKED["usps"].rate_request(made.PARCEL, ACCOUNT)
    request.json["originZIPCode"] = "7094"
    assert unlawful("usps", "rates", request)

    request = ASKED["ups"].rate_request(made.PARCEL, ACCOUNT)
    request.json["RateRequest"]["Shipment"]["Package"][0]["PackageWeight"].pop("Weight")
    assert unlawful("ups", "rates", request)

    request = ASKED["fedex"].rate_request(made.PARCEL, ACCOUNT)
    request.json["requestedShipment"]["pickupType"] = "WHENEVER"
    assert unlawful("fedex", "rates", request)


@official
def test_the_tokens_of_ups_are_asked_for_where_its_contract_says():
    login = ASKED["ups"].APIS[""].login

    assert isinstance(login, OAuth)
    assert login.path in contract("ups/OAuthClientCredentials.yaml")["paths"]


@official
@pytest.mark.parametrize("name", CONTRACTS)
def test_our_golden_price_replies_are_lawful_themselves(name):
    body = {"ups": made.ups_rates, "fedex": made.fedex_rates, "usps": made.usps_options}[name]()
    document, schema = replies(name, "rates")
    if name == "ups":
        # What the contract requires of a package and our small reply does not need.
        schema = {"$ref": "#/components/schemas/RATEResponseWrapper"}

    assert errors(document, schema, body) == []


@official
@pytest.mark.parametrize("name", CONTRACTS)
def test_our_golden_tracking_replies_are_lawful_themselves(name):
    body = {
        "ups": lambda: made.ups_tracking(made.ups_scan("D", "DELIVERED")),
        "fedex": lambda: made.fedex_tracking({"date": "2026-03-04T08:44:34-07:00", "eventType": "DL"}),
        "usps": lambda: made.usps_tracking({"eventCode": "01", "eventType": "DELIVERED"}),
    }[name]()

    assert errors(*replies(name, "tracking"), body) == []


def examples(root, node):
    """Every example value anywhere in a contract that looks like an answer."""
    if isinstance(node, dict):
        for value in (node.get("examples") or {}).values() if isinstance(node.get("examples"), dict) else ():
            named = resolved(root, value) if isinstance(value, dict) else {}
            if "value" in named:
                yield named["value"]
        if isinstance(node.get("example"), dict):
            yield node["example"]
        for inner in node.values():
            yield from examples(root, inner)
    elif isinstance(node, list):
        for inner in node:
            yield from examples(root, inner)


@official
@pytest.mark.parametrize(
    "file", sorted({f for c in CONTRACTS.values() for f in c.values()} | {"usps/domestic-prices.yaml"})
)
def test_every_example_of_a_contract_is_read_without_loss(file):
    member = ASKED[file.split("/")[0]]
    seen = 0
    for body in examples(contract(file), contract(file)["paths"]):
        for reply in (member.rates(body), member.tracking(body)):
            assert_sound(reply)
            assert sum(reply.unread.values()) <= leaves(body)
            seen += 1
    assert seen or file in {"ups/Tracking.yaml", "usps/tracking.yaml"}, "these two contracts hold no example"


@official
@pytest.mark.parametrize(
    ("file", "example", "cents"),
    [
        ("usps/domestic-prices.yaml", "/total-rates/search", 917),
        ("usps/domestic-prices.yaml", "/base-rates-list/search", None),
        ("usps/shipping-options.yaml", "/options/search", 917),
    ],
)
def test_usps_s_own_example_prices_come_out_to_the_cent(file, example, cents):
    content = contract(file)["paths"][example]["post"]["responses"]["200"]["content"]["application/json"]
    for value in content["examples"].values():
        body = resolved(contract(file), value)["value"]
        reply = ASKED["usps"].rates(body)
        told = [o.get("totalPrice", o.get("totalBasePrice")) for o in options_of(body)]
        assert sorted(rate.cents for rate in reply.rates) == sorted(round(total * 100) for total in told)
        if "base-rates-list" not in example:
            # USPS's example of that API names a fee of 2.00 beside a total without it: said, never smoothed over.
            assert not any(c.name == "not_itemised" for rate in reply.rates for c in rate.charges)
    first = ASKED["usps"].rates(resolved(contract(file), next(iter(content["examples"].values())))["value"])
    assert cents is None or first.rates[0].cents == cents


def options_of(body):
    yield from body.get("rateOptions", [])
    for pricing in body.get("pricingOptions", []):
        for shipping in pricing.get("shippingOptions", []):
            yield from shipping.get("rateOptions", [])


@official
def test_fedex_s_own_sample_replies_come_out_to_the_cent():
    seen = 0
    for body in json.loads((SPECS / "fedex/rating_responses.json").read_text("utf-8")):
        reply = ASKED["fedex"].rates(body)
        assert_sound(reply)
        told = [
            rated["totalNetCharge"]
            for detail in body["output"].get("rateReplyDetails", [])
            for rated in detail.get("ratedShipmentDetails", [])
        ]
        assert [rate.cents for rate in reply.rates] == [round(total * 100) for total in told]
        # Each of FedEx's own replies names all of its charges.
        assert not any(abs(c.cents) > 1 for r in reply.rates for c in r.charges if c.name == "not_itemised")
        assert sum(reply.unread.values()) < leaves(body)
        seen += len(told)
    assert seen > 10


def places(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))
    elif value is not None and value != "":
        yield path


def changed(body, path):
    """The same body with another value at one place."""
    copy = json.loads(json.dumps(body))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    was = inner[path[-1]]
    if isinstance(was, bool):
        inner[path[-1]] = not was
    elif isinstance(was, int | float):
        inner[path[-1]] = was + 7
    else:
        inner[path[-1]] = str(float(was) + 7) if re.fullmatch(r"-?\d+(\.\d+)?", was) else "Q" + was[::-1]
    return copy


# Said twice, or only where something better is lacking: the other place decides.
ALTERNATIVES = {
    "fedex": {"rateType", "totalFreightDiscount", "derivedStatusCode"},
    "usps": {"priceType", "mailClass", "dimWeight", "totalBasePrice", "expectedDeliveryDate"},
    "ups": {"CurrencyCode", "Code", "Description", "inquiryNumber", "date", "time", "gmtTime", "gmtOffset"},
}


def judged():
    yield "ups", "rates", made.ups_rates()
    scan = made.ups_scan("D", "DELIVERED", gmtDate="20260304", gmtTime="15:44:34", gmtOffset="-07:00")
    yield "ups", "tracking", made.ups_tracking(scan)
    yield "fedex", "rates", json.loads((SPECS / "fedex/rating_responses.json").read_text("utf-8"))[1]
    yield "fedex", "tracking", json.loads((SPECS / "fedex/tracking_response.json").read_text("utf-8"))
    for file in ("usps/domestic-prices.yaml", "usps/shipping-options.yaml"):
        for example in contract(file)["components"]["examples"].values():
            yield "usps", "rates", example["value"]


@official
def test_every_value_of_the_official_examples_changes_what_is_read_or_is_counted_unread():
    """Nothing is lost: a value that is neither told nor counted could be changed without anybody seeing it."""
    for name, what, body in judged():
        read = getattr(ASKED[name], what)
        before = read(body)
        for path in places(body):
            place = "".join("[]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")
            after = read(changed(body, path))
            seen = replace(after, unread={}) != replace(before, unread={})
            assert seen or place in before.unread or path[-1] in ALTERNATIVES[name], f"{name}: {place} is lost"


@official
@pytest.mark.parametrize(
    ("name", "status", "moment"),
    [
        ("ups", "in_transit", "2021-02-10T07:47:00+00:00"),
        ("fedex", "picked_up", "2018-02-02T19:01:00+00:00"),
        ("usps", "unknown", "2024-04-04T14:03:12.041000+00:00"),
    ],
)
def test_the_scan_that_a_contract_s_own_examples_make_is_read(name, status, moment):
    def example(schema, depth=12):
        schema = resolved(document, schema)
        options = schema.get("oneOf") or schema.get("allOf")
        if options:
            # USPS's answer is a summary or details: the details are what is asked for.
            return example(options[-1], depth)
        if schema.get("type") == "array":
            return [example(schema["items"], depth - 1)] if depth else []
        if "properties" in schema:
            return {key: example(inner, depth - 1) for key, inner in schema["properties"].items()} if depth else {}
        return schema.get("example", "")

    document, schema = replies(name, "tracking")

    (scan,) = ASKED[name].tracking(example(schema)).scans

    assert (scan.status, scan.scanned_at.isoformat()) == (status, moment)


@official
def test_fedex_s_own_tracking_and_refusal_samples_are_read():
    reply = ASKED["fedex"].tracking(json.loads((SPECS / "fedex/tracking_response.json").read_text("utf-8")))
    refused = ASKED["fedex"].tracking(json.loads((SPECS / "fedex/error_response.json").read_text("utf-8")))

    assert [scan.status for scan in reply.scans] == ["picked_up"]
    assert reply.scans[0].scanned_at.isoformat() == "2018-02-02T19:01:00+00:00"
    assert [m.code for m in refused.messages] == ["TRACKING.TRACKINGNUMBER.EMPTY"]


@official
@pytest.mark.parametrize("status", ["400", "401", "403", "429"])
@pytest.mark.parametrize("name", ["ups", "usps"])
def test_every_refusal_of_a_contract_comes_back_as_a_message(name, status):
    document = contract(CONTRACTS[name]["rates"])
    body = {
        "ups": {"response": {"errors": [{"code": "1", "message": "no"}]}},
        "usps": {"error": {"code": "1", "message": "no"}},
    }
    request = ASKED[name].rate_request(made.PARCEL, ACCOUNT)
    asked, _ = operation(document, request, ASKED[name].APIS[""].address(ACCOUNT))
    schema = resolved(document, asked["responses"][status])["content"]["application/json"]["schema"]

    assert errors(document, schema, body[name]) == []
    assert [m.words for m in ASKED[name].rates(body[name]).messages] == ["no"]


# --- replies drawn from the contracts -------------------------------------------------------------------------------
AMOUNTS = st.sampled_from(["0", "3.35", "12.456", "-1", "1e30", "NaN", "", "free"])


def drawn(draw, document, schema, depth):
    """A value by a schema, lawful or nearly: fields come and go, a list may be a lone object, a leaf may be odd."""
    schema = resolved(document, schema)
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return drawn(draw, document, draw(st.sampled_from(schema[key])), depth)
    if "allOf" in schema:
        parts = [drawn(draw, document, part, depth) for part in schema["allOf"]]
        merged = {}
        for part in parts:
            merged |= part if isinstance(part, dict) else {}
        return merged if merged or not parts else parts[0]
    if "properties" in schema or schema.get("type") == "object":
        if depth == 0:
            return {}
        # Deep contracts have thousands of fields: some are drawn, always the required ones.
        names = sorted(schema.get("properties", {}))
        some = set(draw(st.lists(st.sampled_from(names), max_size=5))) if names else set()
        wanted = sorted(some | set(schema.get("required", [])) & set(names))
        return {name: drawn(draw, document, schema["properties"][name], depth - 1) for name in wanted}
    if schema.get("type") == "array":
        made_of = [drawn(draw, document, schema["items"], depth - 1) for _ in range(draw(st.integers(0, 2)))]
        return made_of[0] if len(made_of) == 1 and draw(st.booleans()) else made_of
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    if schema.get("type") in {"number", "integer"}:
        return draw(st.floats() | st.integers(-10, 10_000))
    if schema.get("type") == "boolean":
        return draw(st.booleans())
    plain = schema.get("example")
    odd = AMOUNTS | st.text(max_size=10) | st.none()
    return draw(odd | st.just(plain)) if isinstance(plain, str) else draw(odd)


@official
@pytest.mark.parametrize("what", ["rates", "tracking"])
@pytest.mark.parametrize("name", CONTRACTS)
def test_no_reply_drawn_from_a_contract_breaks_its_reader(name, what):
    document, schema = replies(name, what)
    member = ASKED[name]

    @given(st.data())
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    def reads(data):
        body = drawn(data.draw, document, schema, 9)
        reply = member.rates(body) if what == "rates" else member.tracking(body)
        assert_sound(reply)
        assert sum(reply.unread.values()) <= leaves(body)

    reads()


# --- the optional library -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "absent", "said"),
    [
        ("through_karrio", "karrio", "pip install karrio karrio-ups"),
        ("usps", "httpx", r"pip install evenstock\[carriers\]"),
    ],
)
def test_what_is_not_installed_is_said_before_anything_is_asked(monkeypatch, name, absent, said):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda wanted: None if wanted == absent else found(wanted))

    with pytest.raises(ValueError, match=said):
        carriers.open_carrier(name, Access(options={"gateway": "ups"}))


def test_a_carrier_nobody_knows_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"'dpd': no such carrier; there are .*usps"):
        carriers.open_carrier("dpd", Access())


def test_both_ports_are_kept_by_a_carrier_over_a_wire_that_never_answers():
    class Silent:
        def send(self, request):
            return carriers._wire.WireReply(0, None, f"{request.method} no answer")

    for name in ASKED:
        carrier = carriers.open_carrier(name, Access(ACCOUNT, Silent()))
        priced = carrier.rates(made.PARCEL)
        seen = carrier.track([TrackedParcel("P-1", "1Z1", f"{name}:ground")])
        assert isinstance(priced, RatesReply)
        assert isinstance(seen, TrackingReply)
        assert [m.code for m in (*priced.messages, *seen.messages)] == ["no_answer"] * 2
