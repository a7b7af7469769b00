"""Only who knows a secret of the source is believed, and only about the very bytes he signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.service.events.signatures import standard_webhooks
from evenstock.service.events.signing import BadSignatureError, schemes, with_defaults

BODY = b'{"test": 2432232314}'
AT = datetime.fromtimestamp(1614265330, UTC)
# The example of the specification of Standard Webhooks.
SPEC_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SPEC = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
TEXT = "hush, 16 bytes and more"
MAC = hmac.new(TEXT.encode(), BODY, hashlib.sha256)
CARRIED: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "standard_webhooks": (SPEC_SECRET, {}, SPEC),
    "shopify": (TEXT, {}, {"x-shopify-hmac-sha256": base64.b64encode(MAC.digest()).decode()}),
    "shiphero": (TEXT, {}, {"x-shiphero-hmac-sha256": base64.b64encode(MAC.digest()).decode()}),
    "generic": (TEXT, {"header": "X-Hub-Signature-256", "prefix": "sha256="}, {"x-hub-signature-256": f"sha256={MAC.hexdigest()}"}),
    "shared_secret": (TEXT, {"header": "credential"}, {"credential": TEXT}),
}  # fmt: skip


def _verify(name: str, headers: Mapping[str, str], body: bytes = BODY, *, secrets: tuple[str, ...] = (), now: datetime = AT) -> str:  # fmt: skip
    scheme = schemes()[name]
    secret, said, _ = CARRIED[name]
    options = with_defaults(scheme, said)
    keys = [scheme.key(one, options) for one in secrets or (secret,)]
    return scheme.verify(keys, headers, body, options, now).id


def test_every_scheme_has_a_known_pair_of_key_and_body() -> None:
    assert set(CARRIED) == set(schemes())


@pytest.mark.parametrize("name", CARRIED)
def test_a_known_signature_is_right(name: str) -> None:
    scheme = schemes()[name]
    _, options, headers = CARRIED[name]
    assert scheme.carried(headers, with_defaults(scheme, options))
    assert not scheme.carried({}, with_defaults(scheme, options))
    _verify(name, headers)


def test_a_signature_that_openssl_reckoned_is_right() -> None:
    # printf '{"id":1}' | openssl dgst -sha256 -hmac 'hush, 16 bytes and more' -binary | base64
    _verify("shopify", {"x-shopify-hmac-sha256": "POYbqaxeJTtIR5XX9D3D1qrEQ5dzKo9p9zA4EEqOsfg="}, b'{"id":1}')


@pytest.mark.parametrize("name", [name for name in CARRIED if name != "shared_secret"])
def test_any_byte_changed_is_refused(name: str) -> None:
    headers = CARRIED[name][2]
    for place in range(len(BODY)):
        tampered = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
        with pytest.raises(BadSignatureError):
            _verify(name, headers, tampered)


@pytest.mark.parametrize("name", [name for name in CARRIED if name != "shared_secret"])
def test_the_same_json_in_other_bytes_is_refused(name: str) -> None:
    for other in (b'{"test":2432232314}', b'{"test": 2432232314 }', BODY + b"\n"):
        with pytest.raises(BadSignatureError):
            _verify(name, CARRIED[name][2], other)


@pytest.mark.parametrize("name", CARRIED)
@pytest.mark.parametrize(
    "change", [lambda s: "", lambda s: s[:-3], lambda s: s[:-1] + "é", lambda s: s[::-1], lambda s: s + "="]
)
def test_a_missing_truncated_or_mangled_signature_is_refused(name: str, change: object) -> None:
    headers = {key: (value if key in ("webhook-id", "webhook-timestamp") else change(value)) for key, value in CARRIED[name][2].items()}  # type: ignore[operator]  # fmt: skip
    with pytest.raises(BadSignatureError):
        _verify(name, headers)


@given(noise=st.text(max_size=80))
def test_noise_for_a_signature_never_passes_and_never_crashes(noise: str) -> None:
    for name, (_, _, headers) in CARRIED.items():
        for key in headers:
            if headers[key] != noise:
                with pytest.raises(BadSignatureError):
                    _verify(name, {**headers, key: noise})


@pytest.mark.parametrize("name", CARRIED)
def test_while_a_secret_changes_both_are_good_and_a_third_is_not(name: str) -> None:
    headers = CARRIED[name][2]
    secret = CARRIED[name][0]
    other = "whsec_" + base64.b64encode(b"o" * 24).decode()
    _verify(name, headers, secrets=(other, secret))
    _verify(name, headers, secrets=(secret, other))
    with pytest.raises(BadSignatureError):
        _verify(name, headers, secrets=(other,))


def test_standard_webhooks_may_carry_two_signatures_and_versions_nobody_knows() -> None:
    right = SPEC["webhook-signature"]
    wrong = "v1," + base64.b64encode(b"x" * 32).decode()
    for several in (f"{wrong} {right}", f"{right} {wrong}", f"v1a,zzz {right}"):
        _verify("standard_webhooks", {**SPEC, "webhook-signature": several})
    for none in ("v1a,zzz", "v2," + right[3:], right[3:], " ".join([wrong] * 11)):
        with pytest.raises(BadSignatureError):
            _verify("standard_webhooks", {**SPEC, "webhook-signature": none})


@pytest.mark.parametrize("away", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_standard_webhooks_are_good_for_five_minutes_by_our_clock(away: timedelta) -> None:
    assert _verify("standard_webhooks", SPEC, now=AT + away) == SPEC["webhook-id"]
    beyond = away + timedelta(seconds=1 if away > timedelta() else -1)
    with pytest.raises(BadSignatureError, match="more than 5 minutes"):
        _verify("standard_webhooks", SPEC, now=AT + beyond)


@pytest.mark.parametrize("change", [{"webhook-id": "msg_other"}, {"webhook-timestamp": "1614265331"}, {"webhook-timestamp": "-1"},
                                    {"webhook-timestamp": "9" * 13}, {"webhook-timestamp": "999999999999"}])  # fmt: skip
def test_id_and_time_are_signed_too(change: dict[str, str]) -> None:
    with pytest.raises(BadSignatureError):
        _verify("standard_webhooks", {**SPEC, **change})


def test_our_own_signature_is_that_of_the_specification() -> None:
    key = standard_webhooks.key(SPEC_SECRET, {})
    assert standard_webhooks.signature(key, SPEC["webhook-id"], 1614265330, BODY) == SPEC["webhook-signature"]


@pytest.mark.parametrize(
    ("name", "secret", "options", "because"),
    [
        ("standard_webhooks", "whsec_!!", {}, "base64"),
        ("standard_webhooks", "whsec_YWJj", {}, "at least 16 bytes"),
        ("generic", "short", {}, "at least 16 bytes"),
        ("generic", TEXT, {"hash": "md5"}, "hash is one of"),
        ("generic", TEXT, {"encoding": "utf-8"}, "encoding is one of"),
        ("generic", TEXT, {"colour": "red"}, "no option 'colour'"),
    ],
)
def test_a_secret_or_option_that_cannot_be_used_is_told(
    name: str, secret: str, options: dict[str, str], because: str
) -> None:
    scheme = schemes()[name]
    with pytest.raises(ValueError, match=because):
        scheme.key(secret, with_defaults(scheme, options))


def test_every_comparison_is_of_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pair is compared whatever came out before, and by the function made for it."""
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def counting(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return real(a, b)

    monkeypatch.setattr("evenstock.service.events.signing.hmac.compare_digest", counting)
    for name in CARRIED:
        compared.clear()
        other = "whsec_" + base64.b64encode(b"o" * 24).decode()
        _verify(name, CARRIED[name][2], secrets=(CARRIED[name][0], other))
        assert len(compared) == 2, "the second key is compared although the first was right"
        assert {len(side) for pair in compared for side in pair} == {32}
