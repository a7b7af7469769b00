"""Fault F61: signing in through an identity provider, by a provider nobody here wrote and by one that does everything wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from starlette.testclient import TestClient
from tests.service.access_world import World, bearer

from evenstock.operations.access.disable_person import disable_person
from evenstock.service.access.oidc.groups import role_map
from evenstock.service.access.oidc.id_token import WrongTokenError, claims_of
from evenstock.service.access.oidc.provider import Metadata, Provider
from evenstock.service.access.oidc.signing_in import ProviderSignIn
from evenstock.service.configuration import ConfigurationError, Secret
from evenstock.service.egress import Answer, FailedDelivery
from evenstock.service.http.problems import Problem

ISSUER = "https://login.example.com/realms/stock"
CLIENT = "evenstock"
ROLES = "ops=planner;floor-tx=node_operator@TX;boss=approver@country:US<=500000;boss=viewer"
SIGNING = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
CURVE = ECKey.generate_key("P-256", {"kid": "e1", "use": "sig"})


class Issuer:
    """A provider in this process, in place of the way out. It checks the verifier, and does wrong what a test asks."""

    def __init__(self) -> None:
        self.keys: list[Any] = [SIGNING, CURVE]
        self.asked: list[str] = []
        self.down = False
        self.slow = threading.Event()
        self.slow.set()
        self.granted: dict[str, dict[str, str]] = {}
        self.forms: list[dict[str, str]] = []
        self.headers: list[Mapping[str, str]] = []
        self.claims: dict[str, Any] = {"sub": "7", "email": "ana@example.com", "groups": ["ops"]}
        self.discovery: dict[str, Any] = {}

    def get(self, url: str, headers: object = None, *, largest: int = 0) -> Answer:
        self.asked.append(url)
        self.slow.wait(5)
        if self.down:
            raise FailedDelivery(f"{url}: nobody listens")
        said: Any = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/certs",
        } | self.discovery
        if url.endswith("/certs"):
            said = {"keys": [key.as_dict(private=isinstance(key, OctKey)) for key in self.keys]}
        return Answer(200, json.dumps(said).encode(), 0.0)

    def exchange(self, _method: str, url: str, body: bytes, headers: Mapping[str, str], *, largest: int = 0) -> Answer:
        self.asked.append(url)
        if self.down:
            raise FailedDelivery(f"{url}: nobody listens")
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.forms.append(form)
        self.headers.append(headers)
        begun = self.granted.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if begun is None or challenge != begun["code_challenge"] or form["redirect_uri"] != begun["redirect_uri"]:
            return Answer(400, b'{"error": "invalid_grant"}', 0.0)
        return Answer(200, json.dumps({"id_token": self.token(begun["nonce"])}).encode(), 0.0)

    def authorize(self, address: str, code: str = "code-1") -> dict[str, str]:
        """What the person does at the provider; returns what was asked."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        self.granted[code] = asked
        return asked

    def token(self, nonce: str, **changes: Any) -> str:
        now = int(datetime.now(UTC).timestamp())
        base = {"iss": ISSUER, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        return jwt.encode({"alg": "RS256", "kid": "k1"}, base | self.claims | changes, SIGNING)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def world(tmp_path: Path, issuer: Issuer) -> World:
    made = World(
        tmp_path, oidc_issuer=ISSUER, oidc_client_id=CLIENT, oidc_client_secret=Secret("s3:cret"), oidc_roles=ROLES
    )
    made.time.now = datetime.now(UTC)
    provider = Provider(ISSUER, issuer, made.time.ticks)  # type: ignore[arg-type]
    made.door.provider = ProviderSignIn(made.store, made.configuration, made.door.digests, provider)
    return made


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with world.client() as opened:
        opened.follow_redirects = False
        yield opened


def begin(client: TestClient, issuer: Issuer, code: str = "code-1", return_to: str = "/plans") -> dict[str, str]:
    begun = client.get("/v1/session/oidc", params={"return_to": return_to})
    assert begun.status_code == 303, begun.text
    return issuer.authorize(begun.headers["location"], code)


def come_back(client: TestClient, **query: str) -> httpx.Response:
    answer: httpx.Response = client.get("/v1/session/oidc/callback", params=query)
    return answer


# --- the journey -----------------------------------------------------------------------------------------------------


def test_whoever_comes_back_from_the_provider_is_signed_in_with_the_roles_of_his_groups(
    world: World, client: TestClient, issuer: Issuer
) -> None:
    asked = begin(client, issuer)
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://testserver/v1/session/oidc/callback"
    back = come_back(client, state=asked["state"], code="code-1")
    assert (back.status_code, back.headers["location"]) == (303, "/plans")
    who = client.get("/v1/session").json()
    assert (who["id"], who["name"]) == ("person:oidc:login.example.com/realms/stock:7", "ana@example.com")
    assert who["roles"] == ["planner"]
    assert issuer.headers[0]["authorization"] == "Basic " + base64.b64encode(b"evenstock:s3%3Acret").decode()
    assert "s3" not in str(issuer.forms)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_provider_that_nobody_here_wrote(tmp_path: Path) -> None:
    mock = pytest.importorskip("oidc_provider_mock")
    user = mock.User(sub="ana", claims={"email": "ana@example.com", "groups": ["floor-tx"]})
    with mock.run_server_in_thread(user_claims=(user,), require_nonce=True) as server:
        address = f"http://localhost:{server.server_port}"
        world = World(
            tmp_path, oidc_issuer=address, oidc_client_id=CLIENT, oidc_client_secret=Secret("x"), oidc_roles=ROLES
        )
        world.time.now = datetime.now(UTC)
        with world.client() as client:
            client.follow_redirects = False
            begun = client.get("/v1/session/oidc")
            authorized = httpx.post(begun.headers["location"], data={"sub": "ana"})
            assert authorized.status_code == 302
            back = urlsplit(authorized.headers["location"])
            done = client.get(f"{back.path}?{back.query}")
            assert (done.status_code, done.headers.get("location")) == (303, "/"), done.text
            who = client.get("/v1/session").json()
            assert (who["name"], who["roles"]) == ("ana@example.com", ["node_operator@TX"])


def test_roles_follow_the_groups_at_the_next_sign_in(world: World, client: TestClient, issuer: Issuer) -> None:
    for groups, roles in (
        (["ops"], ["planner"]),
        (["boss", "unknown"], ["approver@country:US<=500000", "viewer"]),
        ("floor-tx", ["node_operator@TX"]),
    ):
        issuer.claims["groups"] = groups
        come_back(client, state=begin(client, issuer)["state"], code="code-1")
        assert client.get("/v1/session").json()["roles"] == roles


@pytest.mark.parametrize("groups", [[], ["unknown"], None, 7, [["ops"]], {"ops": True}, "opsx"])
def test_whoever_has_no_group_with_a_role_is_not_let_in(groups: object, client: TestClient, issuer: Issuer) -> None:
    issuer.claims["groups"] = groups
    back = come_back(client, state=begin(client, issuer)["state"], code="code-1")
    assert (back.status_code, back.json()["code"]) == (403, "not_allowed")
    assert client.get("/v1/session").status_code == 401


def test_an_account_disabled_here_stays_out_whatever_the_provider_says(
    world: World, client: TestClient, issuer: Issuer
) -> None:
    come_back(client, state=begin(client, issuer)["state"], code="code-1")
    name = client.get("/v1/session").json()["id"].removeprefix("person:")
    disable_person(world.store, name, "test", "left")
    world.time.pass_by(seconds=5)
    assert client.get("/v1/session").status_code == 401
    back = come_back(client, state=begin(client, issuer)["state"], code="code-1")
    assert (back.status_code, back.json()["code"]) == (403, "not_allowed")


def test_a_local_account_is_not_taken_over_by_an_address_the_provider_tells(
    world: World, client: TestClient, issuer: Issuer
) -> None:
    world.person("ana@example.com", "admin")
    come_back(client, state=begin(client, issuer)["state"], code="code-1")
    assert client.get("/v1/session").json()["roles"] == ["planner"]
    admin = bearer(world.key("admin"))
    named = "/v1/people/oidc:login.example.com%2Frealms%2Fstock:7"
    assert client.get(named, headers=admin).json()["source"] == ISSUER
    changed = client.put(f"{named}/grants", json={"grants": [{"role": "admin"}]}, headers=admin)
    assert changed.status_code == 409
    assert client.put(f"{named}/password", json={"password": "a long new password"}, headers=admin).status_code == 409


# --- answers that prove nothing ----------------------------------------------------------------------------------------


def test_an_answer_counts_once(client: TestClient, issuer: Issuer) -> None:
    asked = begin(client, issuer)
    state = client.cookies["evenstock_oidc"]
    assert come_back(client, state=asked["state"], code="code-1").status_code == 303
    client.cookies["evenstock_oidc"] = state
    issuer.authorize(f"{ISSUER}/auth?" + "&".join(f"{k}={v}" for k, v in asked.items()), "code-2")
    again = come_back(client, state=asked["state"], code="code-2")
    assert (again.status_code, again.json()["code"]) == (401, "sign_in_refused")


def test_an_answer_counts_in_the_browser_in_which_it_began(world: World, client: TestClient, issuer: Issuer) -> None:
    asked = begin(client, issuer)
    with world.client() as other:
        other.follow_redirects = False
        assert come_back(other, state=asked["state"], code="code-1").status_code == 401
        begin(other, issuer, "code-2")
        assert come_back(other, state=asked["state"], code="code-1").status_code == 401
    assert come_back(client, state=asked["state"], code="code-1").status_code == 303


def test_an_answer_counts_for_ten_minutes(world: World, client: TestClient, issuer: Issuer) -> None:
    asked = begin(client, issuer)
    world.time.pass_by(minutes=10)
    assert come_back(client, state=asked["state"], code="code-1").status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        {"error": "access_denied", "error_description": "<script>"},
        {"code": ""},
        {"code": "another"},
        {"code": "code-1", "iss": "https://evil.example"},
    ],
)
def test_a_refusal_signs_nobody_in(query: dict[str, str], client: TestClient, issuer: Issuer) -> None:
    asked = begin(client, issuer)
    back = come_back(client, state=asked["state"], **query)
    assert (back.status_code, back.json()["code"]) == (401, "sign_in_refused")
    assert "<script>" not in back.text
    assert client.get("/v1/session").status_code == 401


def test_a_stolen_code_is_of_no_use_without_the_verifier(client: TestClient, issuer: Issuer) -> None:
    stolen = begin(client, issuer, "victims-code")
    client.cookies.clear()
    mine = begin(client, issuer, "my-code")
    assert stolen["code_challenge"] != mine["code_challenge"]
    assert come_back(client, state=mine["state"], code="victims-code").status_code == 401


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_on_to_another_site(to: str, client: TestClient, issuer: Issuer) -> None:
    asked = begin(client, issuer, return_to=to)
    assert come_back(client, state=asked["state"], code="code-1").headers["location"] == "/"


# --- tokens --------------------------------------------------------------------------------------------------------------

NONCE = "n" * 64
NOW = datetime.now(UTC)
PEM = SIGNING.as_pem(private=False)
PRIVATE = SIGNING.as_pem(private=True)
STRANGER = RSAKey.generate_key(2048, {"kid": "k1"})


def token(header: Mapping[str, Any] | None = None, key: Any = SIGNING, drop: str = "", **changes: Any) -> str:
    now = int(NOW.timestamp())
    base = {"iss": ISSUER, "aud": CLIENT, "sub": "7", "iat": now, "exp": now + 300, "nonce": NONCE} | changes
    base.pop(drop, None)
    told = {"alg": "RS256", "kid": "k1"} | dict(header or {})
    return jwt.encode({k: v for k, v in told.items() if v is not None}, base, key, algorithms=[told["alg"]])


def unsigned(algorithm: str) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': algorithm, 'kid': 'k1'})}.{token().split('.')[1]}."


def tampered() -> str:
    head, body, signature = token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    other = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "8"}).encode()).rstrip(b"=").decode()
    return f"{head}.{other}.{signature}"


def with_public_key_as_secret() -> str:
    """The classic confusion: the public key, which everybody has, used as the secret of an HMAC."""
    head, body = (
        base64.urlsafe_b64encode(part).rstrip(b"=")
        for part in (b'{"alg":"HS256","kid":"k1"}', base64.urlsafe_b64decode(token().split(".")[1] + "=="))
    )
    signature = hmac.digest(PEM, head + b"." + body, "sha256")
    return b".".join((head, body, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()


def seconds(count: int) -> int:
    return int(NOW.timestamp()) + count


BAD: dict[str, Callable[[], str]] = {
    "alg none": lambda: unsigned("none"),
    "alg None in capitals": lambda: unsigned("NONE"),
    "no alg": lambda: unsigned(""),
    "the public key as secret": with_public_key_as_secret,
    "a secret of its own": lambda: token({"alg": "HS256"}, OctKey.import_key("s" * 32)),
    "an algorithm of another kind of key": lambda: token({"alg": "ES256"}, ECKey.generate_key("P-256")),
    "an algorithm that the key is not for": lambda: token({"alg": "PS256"}, RSAKey.import_key(PRIVATE)),
    "another's key under our key's name": lambda: token(key=STRANGER),
    "an unknown key": lambda: token({"kid": "k2"}, STRANGER),
    "a key name that walks the disk": lambda: token({"kid": "../../../../dev/null"}, STRANGER),
    "a key name that asks the database": lambda: token({"kid": "k1' OR '1'='1"}, STRANGER),
    "a key in the token": lambda: token({"jwk": STRANGER.as_dict(private=False), "kid": None}, STRANGER),
    "keys at an address in the token": lambda: token({"jku": "https://evil.example/keys", "kid": "k2"}, STRANGER),
    "a critical header": lambda: token({"crit": ["b64"], "b64": True}),
    "a changed body": tampered,
    "a cut signature": lambda: token()[:-4],
    "an encrypted token": lambda: "a.b.c.d.e",
    "rubbish": lambda: "rubbish",
    "nothing": lambda: "",
    "not ascii": lambda: "é.é.é",
    "a body that is a list": lambda: jws.serialize_compact({"alg": "RS256", "kid": "k1"}, b"[]", SIGNING),
    "another issuer": lambda: token(iss="https://evil.example"),
    "the issuer with a slash more": lambda: token(iss=ISSUER + "/"),
    "no issuer": lambda: token(drop="iss"),
    "another audience": lambda: token(aud="other"),
    "no audience": lambda: token(drop="aud"),
    "an audience that holds ours as text": lambda: token(aud="evenstock-admin"),
    "two audiences and nobody who asked": lambda: token(aud=[CLIENT, "other"]),
    "another who asked": lambda: token(azp="other"),
    "another nonce": lambda: token(nonce="m" * 64),
    "no nonce": lambda: token(drop="nonce"),
    "a nonce that is a list": lambda: token(nonce=[NONCE]),
    "expired": lambda: token(exp=seconds(-61)),
    "no expiry": lambda: token(drop="exp"),
    "expiry as text": lambda: token(exp="9999999999"),
    "expiry true": lambda: token(exp=True),
    "expiry beyond all time": lambda: token(exp=1e300),
    "made in the future": lambda: token(iat=seconds(120)),
    "made long ago": lambda: token(iat=seconds(-7200)),
    "not valid yet": lambda: token(nbf=seconds(120)),
    "nobody": lambda: token(drop="sub"),
    "nobody's empty name": lambda: token(sub=""),
    "a number for a name": lambda: token(sub=7),
}


@pytest.fixture
def provider(issuer: Issuer) -> Provider:
    issuer.keys.append(OctKey.import_key("s" * 32, {"kid": "shared"}))
    return Provider(ISSUER, issuer)  # type: ignore[arg-type]


@pytest.mark.parametrize("what", BAD)
def test_a_bad_token_proves_nothing(what: str, provider: Provider) -> None:
    with pytest.raises(WrongTokenError):
        claims_of(BAD[what](), provider, CLIENT, NONCE, NOW)


@pytest.mark.parametrize(
    "good",
    [
        token,
        lambda: token({"kid": None}),
        lambda: token({"alg": "ES256", "kid": "e1"}, CURVE),
        lambda: token(aud=[CLIENT]),
        lambda: token(aud=[CLIENT, "other"], azp=CLIENT),
        lambda: token(exp=seconds(-59)),
        lambda: token(iat=seconds(59), nbf=seconds(59)),
    ],
)
def test_a_good_token_is_believed(good: Callable[[], str], provider: Provider) -> None:
    assert claims_of(good(), provider, CLIENT, NONCE, NOW)["sub"] == "7"


# --- the provider is away --------------------------------------------------------------------------------------------------


def test_while_the_provider_is_away_whoever_is_signed_in_stays_so(
    world: World, client: TestClient, issuer: Issuer
) -> None:
    come_back(client, state=begin(client, issuer)["state"], code="code-1")
    issuer.down = True
    for _ in range(10):
        world.time.pass_by(minutes=50)
        assert client.get("/v1/session").status_code == 200


def test_its_documents_serve_for_a_day_and_are_not_asked_for_at_every_turn(
    world: World, client: TestClient, issuer: Issuer
) -> None:
    begin(client, issuer)
    issuer.down = True
    world.time.pass_by(hours=2)
    asked = len(issuer.asked)
    assert [client.get("/v1/session/oidc").status_code for _ in range(5)] == [303] * 5
    assert len(issuer.asked) == asked + 1
    world.time.pass_by(hours=23)
    away = client.get("/v1/session/oidc")
    assert (away.status_code, away.json()["code"], away.headers["retry-after"]) == (503, "unavailable", "10")
    issuer.down = False
    world.time.pass_by(minutes=1)
    assert client.get("/v1/session/oidc").status_code == 303


def test_a_provider_that_never_answered_is_asked_once_in_five_seconds(
    world: World, client: TestClient, issuer: Issuer
) -> None:
    issuer.down = True
    assert [client.get("/v1/session/oidc").status_code for _ in range(5)] == [503] * 5
    assert len(issuer.asked) == 1
    world.time.pass_by(seconds=5)
    client.get("/v1/session/oidc")
    assert len(issuer.asked) == 2


def test_a_provider_that_goes_away_in_between_is_no_refusal(client: TestClient, issuer: Issuer) -> None:
    asked = begin(client, issuer)
    issuer.down = True
    back = come_back(client, state=asked["state"], code="code-1")
    assert (back.status_code, back.json()["code"]) == (503, "unavailable")


def test_a_new_key_is_found_at_once_and_unknown_ones_do_not_make_us_ask_again_and_again(issuer: Issuer) -> None:
    ticks = [0.0]
    provider = Provider(ISSUER, issuer, lambda: ticks[0])  # type: ignore[arg-type]
    claims_of(token(), provider, CLIENT, NONCE, NOW)
    fresh = RSAKey.generate_key(2048, {"kid": "k9", "use": "sig"})
    issuer.keys.append(fresh)
    ticks[0] = 31.0
    assert claims_of(token({"kid": "k9"}, fresh), provider, CLIENT, NONCE, NOW)["sub"] == "7"
    asked = len(issuer.asked)
    for _ in range(20):
        with pytest.raises(WrongTokenError):
            claims_of(token({"kid": "nobody's"}, STRANGER), provider, CLIENT, NONCE, NOW)
    assert len(issuer.asked) == asked


def test_of_many_at_once_one_asks(issuer: Issuer) -> None:
    provider = Provider(ISSUER, issuer)  # type: ignore[arg-type]
    issuer.slow.clear()
    found: list[Metadata] = []
    threads = [threading.Thread(target=lambda: found.append(provider.metadata())) for _ in range(16)]
    for thread in threads:
        thread.start()
    issuer.slow.set()
    for thread in threads:
        thread.join(5)
    assert (len(found), len(issuer.asked)) == (16, 1)


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://login.example.com/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_document_of_another_issuer_or_with_unsafe_addresses_is_not_used(
    changed: dict[str, Any], issuer: Issuer
) -> None:
    issuer.discovery = changed
    with pytest.raises(Problem) as refused:
        Provider(ISSUER, issuer).metadata()  # type: ignore[arg-type]
    assert refused.value.code.name == "unavailable"


# --- how it is set up --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["ops", "ops=", "=planner", "ops=god", "ops=viewer@country:Germany", "ops=planner;x"])
def test_a_map_of_groups_that_cannot_be_read_stops_the_start(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="oidc_roles"):
        role_map(text)
    with pytest.raises(ConfigurationError, match="oidc_roles"):
        World(tmp_path, oidc_issuer=ISSUER, oidc_client_id=CLIENT, oidc_roles=text)


@pytest.mark.parametrize(
    "issuer",
    [
        "login.example.com",
        "ftp://login.example.com",
        "https://",
        "https://x/?a=1",
        "http://login.example.com",
        "http://10.0.0.7",
    ],
)
def test_an_issuer_that_is_no_address_or_not_safe_stops_the_start(issuer: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="oidc_issuer"):
        World(tmp_path, oidc_issuer=issuer, oidc_client_id=CLIENT)


def test_without_a_client_the_service_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="oidc_client_id"):
        World(tmp_path, oidc_issuer=ISSUER)


def test_without_a_provider_its_routes_say_so(tmp_path: Path) -> None:
    with World(tmp_path).client() as client:
        answer = client.get("/v1/session/oidc")
        assert (answer.status_code, answer.json()["code"]) == (409, "no_accounts")


def test_the_day_after_a_sign_in_was_left_nothing_is_kept_of_it(
    world: World, client: TestClient, issuer: Issuer
) -> None:
    begin(client, issuer)
    assert len(world.events("oidc_start")) == 1
    world.time.now += timedelta(days=1)
    begin(client, issuer)
    assert len(world.events("oidc_start")) == 1
