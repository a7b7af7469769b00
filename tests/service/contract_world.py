"""A company in full swing for the test of the contract: something of everything is there, and somebody may do each thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient
from tests.service.access_world import PASSWORD, World, bearer, sign_in
from tests.service.conftest import NOW, example, order_body
from tests.service.sending import STRUCTURED, applied, cloud
from tests.service.test_orders import widely_stocked
from tests.service.test_rules import review_everything

from evenstock.operations.access.api_key import Quota
from evenstock.operations.access.principal import Role
from evenstock.operations.company import Company
from evenstock.operations.plan_tonight import plan_tonight
from evenstock.operations.schedule.keeping import plant
from evenstock.operations.transfers import approve_plan
from evenstock.service.configuration import Secret
from evenstock.service.worker.family import planted

PLENTY = Quota(100_000, 100_000)
MANAGED = ("people", "api-keys", "session", "sources", "webhooks")
"""Tags that are tried by whoever manages accounts; `BOTH` of them by everybody else too."""
RELEASED = ("actors", "personal-data")
"""Tags that are tried by a person who manages accounts: no program releases anybody, or reads who somebody is."""
BOTH = ("sources", "webhooks")


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who tries the API: as whom, which tags, and what he may do."""

    headers: dict[str, str]
    tags: tuple[str, ...]
    but: tuple[str, ...]
    may: frozenset[str]

    def tries(self, tag: str) -> bool:
        return tag not in self.but and (not self.tags or tag in self.tags)


@dataclass(frozen=True, slots=True)
class Furnished:
    world: World
    known: dict[str, list[Any]]
    """Ids that are there, by the parameter that takes them."""


def furnished(folder: Path) -> Furnished:
    """A world with orders, a case, plans, transfers, runs, feeds, webhooks, rules, keys and people."""
    world = World(folder, network=True, log_level="error", secrets_key=Secret("s" * 40))
    # An agent holds no other power, and whoever manages accounts approves nothing.
    world.person("ana", *(role.value for role in Role if role not in {Role.AGENT, Role.ADMIN}))
    world.person("bo", "policy_admin", "planner")
    world.person("cy", "viewer")
    world.person("di", "admin")
    here = Company.load(world.store, world.service.snapshots, NOW.date())
    plans = [
        plan_tonight(world.store, world.service.snapshots, here, now=NOW, seed=seed, paths=8).plan for seed in (0, 1)
    ]
    transfers = approve_plan(world.store, plans[1].id, NOW.date(), "ana", NOW)
    with world.store.transaction() as books:
        plant(books, planted())
    with world.client() as client:
        known = _asked_for(client, world)
        known |= _people_asked(client, known["version"][0])
    known |= {
        "plan": [str(one.id) for one in plans],
        "transfer": [str(one.id) for one in transfers[:4]],
        "sku": [str(one) for one in example()["items"]["sku"][:4]],
        "node": [str(one) for one in example()["nodes"]["node"]],
        "table": ["nodes", "lanes"],
        "account": ["cy"],
        "actor": ["person:cy", f"key:{known['key'][0]}"],
    }
    known |= {"origin": known["node"], "destination": known["node"]}
    return Furnished(world, known)


def callers(world: World, client: TestClient | Any) -> tuple[Caller, ...]:
    """A person with every role but two, a program that manages accounts, and a person who does."""
    ana, di = (_signed_in(client, account) for account in ("ana", "di"))
    admin = bearer(world.key("admin", quota=PLENTY))
    only = tuple(tag for tag in MANAGED + RELEASED if tag not in BOTH)
    return (
        Caller(ana, (), only, _may(client, ana)),
        Caller(admin, MANAGED, (), _may(client, admin)),
        Caller(di, RELEASED, (), _may(client, di)),
    )


def _signed_in(client: TestClient | Any, account: str) -> dict[str, str]:
    answer = client.post("/v1/session", json={"account": account, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    client.cookies.clear()
    return {"Cookie": cookie, "X-CSRF-Token": answer.json()["csrf_token"]}


def _may(client: Any, headers: dict[str, str]) -> frozenset[str]:
    return frozenset(one["action"] for one in client.get("/v1/session", headers=headers).json()["may"])


def _asked_for(client: TestClient, world: World) -> dict[str, list[Any]]:
    """What is made over the API itself."""
    admin = bearer(world.key("admin", quota=PLENTY))
    post = _poster(client, admin)
    key = post("/api-keys", {"name": "spare", "grants": [{"role": "viewer"}], "owner": "cy"})["id"]
    source = post("/sources", {"id": "wms"})["id"]
    webhook = post("/webhooks", {"id": "erp", "url": "https://erp.example.com/hook"})["id"]
    bo = sign_in(client, "bo")
    run = _poster(client, bo)("/plans", {"paths": 8})["id"]
    version = review_everything(client.__class__(client.app, headers=bo, cookies=client.cookies))
    client.cookies.clear()
    ana = sign_in(client, "ana")
    post = _poster(client, ana)
    lines = [{"id": "1", "sku": widely_stocked(), "units": 1, "price_cents": 1000}]
    post("/route", order_body("T-9", lines=lines))
    case = client.get("/v1/queue").json()["items"][0]["id"]
    post("/rules/roll-backs", {"because": "it was for one day"})
    routed = [post("/route", order_body(f"T-{n}", lines=lines)) for n in range(1, 4)]
    held = [one for n in range(1, 4) for one in client.get(f"/v1/orders/T-{n}/reservations").json()["items"]]
    override = post(
        "/forecast-overrides",
        {"kind": "multiply", "value": 1.5, "first_day": "2026-11-21", "last_day": "2026-11-27", "reason": "a fair"},
    )["override"]
    bad = cloud(name="bad", sku=example()["items"]["sku"][0], node="TX-DC", units="3")
    sent = client.post("/v1/ingest/wms/events", json=bad, headers=ana | {"Content-Type": STRUCTURED})
    assert sent.status_code < 300, sent.text
    applied(world.service)
    letters = [one["number"] for one in client.get("/v1/dead-letters").json()["items"]]
    names = [one["name"] for path in ("/schedule", "/kpis") for one in client.get(f"/v1{path}").json()["items"][:3]]
    client.cookies.clear()
    return {
        "key": [key], "source": [source], "webhook": [webhook], "run": [run], "version": [version], "case": [case],
        "order": ["T-1", "T-2", "T-3", "T-9"], "decision": [one["id"] for one in routed],
        "reservation": [one["id"] for one in held], "override": [override], "number": letters, "name": names,
    }  # fmt: skip


def _people_asked(client: TestClient, version: str) -> dict[str, list[Any]]:
    """Two people who must agree to a version of the rules, and one who decides for another."""
    post = _poster(client, sign_in(client, "ana"))
    asked = post("/approvals", {"about": f"rules:{version}", "because": "they bind everybody", "people": 2})
    days = {"first": "2026-11-20", "last": "2026-11-27"}
    lent = post("/delegations", {"to": "bo", "because": "on leave"} | days)
    client.cookies.clear()
    return {"approval": [asked["id"]], "delegation": [lent["id"]]}


def _poster(client: TestClient, headers: dict[str, str]) -> Callable[[str, Any], Any]:
    def post(path: str, body: Any) -> Any:
        answer = client.post(f"/v1{path}", json=body, headers=headers)
        assert answer.status_code < 300, f"{path}: {answer.text}"
        return answer.json()

    return post
