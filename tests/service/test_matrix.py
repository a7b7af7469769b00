"""Fault F62: every route × every role × every scope, each request really sent.

`TABLE` says what is expected: a route, an action, a role or a cell that is missing from it fails. Cells: `C` the role permits it
where it is granted for the whole company; `N` also where it is granted at nodes, then at those alone; `S` a role anywhere is
enough, what is shown being the same for all; `.` refused.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.access_world import World, bearer, sign_in

from evenstock.operations.access.actions import Action
from evenstock.operations.access.change_grants import change_grants
from evenstock.operations.access.grants import grant_of
from evenstock.operations.access.limits import ANSWERS, APPROVES
from evenstock.operations.access.principal import SCHEDULE, Kind, Principal, Role
from evenstock.service.access.permissions import Permissions
from evenstock.service.app import document, resources
from evenstock.service.guard import GuardedRoute

TABLE = """
                     viewer planner node_operator approver policy_admin integration agent auditor admin operator
network.read         S      S       S             S        S            S           S     S       .     .
network.import       .      C       .             .        .            C           .     .       .     .
orders.read          N      N       N             N        N            N           .     .       .     .
orders.route         .      C       .             .        .            C           .     .       .     .
orders.cancel        .      C       .             .        .            C           .     .       .     .
orders.release       .      N       N             .        .            N           .     .       .     .
decisions.read       N      N       N             N        N            N           N     N       .     .
decisions.replay     .      C       .             .        C            .           .     C       .     .
rules.read           S      S       .             S        S            S           S     S       .     .
rules.propose        .      .       .             .        C            .           .     .       .     .
rules.activate       .      .       .             C        C            .           .     .       .     .
exceptions.read      N      N       N             N        N            .           N     N       .     .
exceptions.report    .      N       N             .        .            N           N     .       .     .
exceptions.answer    .      N       N             N        .            .           .     .       .     .
stock.read           N      N       N             N        N            N           N     N       .     .
stock.observe        .      N       N             .        .            N           .     .       .     .
stock.count          .      N       N             .        .            .           N     .       .     .
forecasts.read       N      N       N             N        N            .           N     N       .     .
forecasts.override   .      N       .             .        .            .           .     .       .     .
forecasts.train      .      C       .             .        .            .           .     .       .     .
plans.read           N      N       N             N        N            N           N     N       .     .
plans.make           .      C       .             .        .            .           C     .       .     .
plans.edit           .      N       .             .        .            .           .     .       .     .
plans.approve        .      .       .             N        .            .           .     .       .     .
approvals.read       .      N       N             N        N            .           .     N       .     .
approvals.decide     .      N       N             N        N            .           .     .       .     .
transfers.read       N      N       N             N        N            N           N     N       .     .
transfers.move       .      N       N             .        .            N           .     .       .     .
scenarios.run        .      C       .             .        C            .           C     .       .     .
carriers.read        S      S       S             S        S            S           S     S       .     .
carriers.override    .      C       .             .        .            .           .     .       .     .
rates.read           S      S       .             S        S            S           S     S       .     .
rates.write          .      C       .             .        .            C           .     .       .     .
kpis.read            C      C       .             C        C            .           .     C       .     .
runs.read            S      S       S             S        S            S           S     S       .     S
runs.cancel          .      C       .             .        .            .           .     .       .     C
schedule.change      .      C       .             .        .            .           .     .       .     C
events.ingest        .      .       .             .        .            C           .     .       .     .
events.read          .      C       .             .        .            .           .     C       .     .
events.replay        .      C       .             .        .            .           .     .       .     .
webhooks.read        .      .       .             .        .            .           .     C       C     C
webhooks.manage      .      .       .             .        .            .           .     .       C     .
keys.manage          .      .       .             .        .            .           .     .       C     .
people.manage        .      .       .             .        .            .           .     .       C     .
rollout.change       .      .       .             .        C            .           .     .       .     .
autonomy.halt        .      S       S             S        S            .           .     .       .     S
actors.read          .      .       .             .        .            .           .     C       C     .
actors.quarantine    .      .       .             .        .            .           .     .       C     .
actors.release       .      .       .             .        .            .           .     .       C     .
metrics.read         .      .       .             .        .            .           .     .       C     C
audit.read           .      .       .             .        .            .           .     C       .     .
personal.read        .      .       .             .        .            .           .     .       C     .
personal.manage      .      .       .             .        .            .           .     .       C     .
session.own          S      S       S             S        S            S           S     S       S     S
"""
APPROVING = {Action.PLANS_APPROVE, Action.APPROVALS_DECIDE, Action.RULES_ACTIVATE, Action.ROLLOUT_CHANGE}
"""What only a person does, and nobody who manages accounts."""
OPEN = {
    "GET /health",
    "GET /ready",
    "GET /asyncapi.json",
    "POST /ingest/{source}/events",
    "POST /session",
    "GET /session/oidc",
    "GET /session/oidc/callback",
}
"""Routes that need nobody signed in; each has a reason in its own file."""
ASKING_BY_POST = {
    "POST /rules/checks",
    "POST /rules/versions/{version}/dry-runs",
    "POST /sources/{source}/trials",
    "POST /rates/quotes",
    "POST /personal-data/searches",
}
"""Requests that change nothing although they are no GET, so that reading is enough."""
OWN, OTHER = "TX-DC", "PA-3PL"
MACHINES = {Role.INTEGRATION, Role.AGENT}


def expectations() -> dict[tuple[Action, Role], str]:
    head, *rows = [line.split() for line in TABLE.strip().splitlines()]
    return {
        (Action(action), Role(role)): cell for action, *cells in rows for role, cell in zip(head, cells, strict=True)
    }


EXPECTED = expectations()


def named(route: GuardedRoute) -> list[str]:
    return [f"{method} {route.path}" for method in sorted(route.methods or ())]


def expected(action: Action, role: Role, *, scoped: bool) -> bool:
    return EXPECTED[action, role] in ({"N", "S"} if scoped else {"N", "S", "C"})


# --- nothing is missing --------------------------------------------------------------------------------------------


def test_every_action_and_every_role_has_its_cell() -> None:
    assert set(EXPECTED) == {(action, role) for action in Action for role in Role}
    assert set(EXPECTED.values()) == {"S", "N", "C", "."}


def test_every_route_asks_for_an_action_or_stands_among_the_open_ones() -> None:
    unguarded = {name for route in resources() if route.guard.action is None for name in named(route)}
    assert unguarded == OPEN


@pytest.mark.parametrize(("action", "bound"), [(Action.EXCEPTIONS_ANSWER, ANSWERS), (Action.PLANS_APPROVE, APPROVES)])
def test_a_limit_in_money_bounds_every_role_that_decides_about_money(action: Action, bound: frozenset[Role]) -> None:
    """A role that the policies let decide and that `limits` does not know would have no limit, whatever its grant says."""
    assert {role for role in Role if EXPECTED[action, role] != "."} == bound == set(Permissions().roles_of[action])


def test_nothing_is_changed_by_a_right_to_read() -> None:
    for route in resources():
        if route.guard.action is not None and route.guard.action.value.endswith(".read"):
            changing = {name for name in named(route) if not name.startswith(("GET ", "HEAD "))}
            assert changing <= ASKING_BY_POST, changing


# --- the policies ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def permissions() -> Permissions:
    return Permissions()


def somebody(kind: Kind, *grants: str) -> Principal:
    return Principal("somebody", kind, tuple(map(grant_of, grants)))


def kind_of(role: Role) -> Kind:
    return Kind(role.value) if role in MACHINES else Kind.PERSON


@pytest.mark.parametrize("role", Role)
def test_policies_and_table_say_the_same(role: Role, permissions: Permissions) -> None:
    countries = {OWN: "US", "BER": "DE"}
    for action in Action:
        cell, kind = EXPECTED[action, role], kind_of(role)

        def nodes(grant: str, kind: Kind = kind, action: Action = action) -> Any:
            found = permissions.found(somebody(kind, grant), action, lambda: countries)
            return found.nodes if found.anywhere else "refused"

        whole, at_node, abroad = nodes(role.value), nodes(f"{role}@{OWN}"), nodes(f"{role}@country:DE")
        assert whole == (None if cell != "." else "refused"), action
        expected_at = {"S": None, "N": {OWN}, "C": "refused", ".": "refused"}[cell]
        assert at_node == expected_at, action
        assert abroad == ({"BER"} if cell == "N" else expected_at), action


@pytest.mark.parametrize("action", sorted(APPROVING))
def test_only_a_person_who_manages_no_accounts_approves(action: Action, permissions: Permissions) -> None:
    able = [role for role in Role if EXPECTED[action, role] != "."]
    for role in able:
        for kind in Kind:
            found = permissions.found(somebody(kind, role), action, dict)
            assert found.anywhere == (kind is Kind.PERSON), (role, kind)
        both = permissions.found(somebody(Kind.PERSON, role, "admin"), action, dict)
        assert not both.anywhere
        assert both.forbidden_by == ("whoever manages accounts approves nothing",)
    every = permissions.found(somebody(Kind.AGENT, *Role), action, dict)
    assert not every.anywhere


def test_roles_add_up_each_in_its_place(permissions: Permissions) -> None:
    both = somebody(Kind.PERSON, f"node_operator@{OWN}", f"viewer@{OTHER}", "viewer@country:DE")

    def nodes(action: Action, countries: dict[str, str]) -> Any:
        return permissions.found(both, action, lambda: countries).nodes

    first, later = {OWN: "US", "BER": "DE"}, {OWN: "US", "BER": "FR", "MUC": "DE"}
    assert nodes(Action.STOCK_READ, first) == {OWN, OTHER, "BER"}
    assert nodes(Action.STOCK_OBSERVE, first) == {OWN}
    assert nodes(Action.STOCK_READ, later) == {OWN, OTHER, "MUC"}


def test_an_agent_never_has_more_than_a_planner(permissions: Permissions) -> None:
    for action in Action:
        agent = permissions.found(somebody(Kind.AGENT, "agent", "planner", "admin"), action, dict)
        planner = permissions.found(somebody(Kind.PERSON, "planner", "agent"), action, dict)
        if agent.anywhere and action not in {Action.METRICS_READ, Action.WEBHOOKS_READ}:
            assert planner.anywhere, action
    powers = {
        Action.KEYS_MANAGE,
        Action.PEOPLE_MANAGE,
        Action.WEBHOOKS_MANAGE,
        Action.NETWORK_IMPORT,
        Action.RATES_WRITE,
    }
    for action in powers | APPROVING:
        assert not permissions.found(somebody(Kind.AGENT, *Role), action, dict).anywhere


def test_an_integration_bound_to_a_source_brings_events_and_nothing_else(permissions: Permissions) -> None:
    bound = somebody(Kind.INTEGRATION, "integration#shopify")
    allowed = {action for action in Action if permissions.found(bound, action, dict).anywhere}
    assert allowed == {Action.EVENTS_INGEST, Action.OWN_SESSION}


def test_the_schedule_approves_nothing_and_manages_nobody(permissions: Permissions) -> None:
    for action in APPROVING | {Action.KEYS_MANAGE, Action.PEOPLE_MANAGE}:
        assert not permissions.found(SCHEDULE, action, dict).anywhere
    assert permissions.found(SCHEDULE, Action.PLANS_MAKE, dict).nodes is None


def test_the_page_for_people_shows_what_the_policies_say() -> None:
    script = Path(__file__).parents[2] / "docs" / "who_may_do_what.py"
    checked = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


# --- every request really sent ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(tmp_path_factory.mktemp("matrix"), network=True)
    made.time.now = datetime.now(UTC)
    return made


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[TestClient]:
    with world.client() as opened:
        opened.follow_redirects = False
        yield opened


def requests() -> list[tuple[str, str, Action]]:
    """Method, address with something in the place of each parameter, action; sign-out last, it ends the session."""
    found = [
        (method, "/v1" + re.sub(r"\{[^}]+\}", "nothing-of-the-kind", route.path), route.guard.action)
        for route in resources()
        if route.guard.action is not None
        for method in sorted(route.methods or ())
    ]
    return sorted(found, key=lambda one: (one[0] == "DELETE" and one[1] == "/v1/session", one[1], one[0]))


def headers_of(world: World, client: TestClient, role: Role, grant: str) -> dict[str, str]:
    """As that role: a machine with its key, a person with a session."""
    if role in MACHINES:
        return bearer(world.key(grant))
    account = f"{grant.replace('@', '-at-').lower()}@example.com"
    world.person(account, grant)
    client.cookies.clear()
    headers = sign_in(client, account)
    token = client.cookies["evenstock_session"]
    client.cookies.clear()
    return headers | {"Cookie": f"evenstock_session={token}"}


def sent(client: TestClient, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    body: Any = None if method in {"GET", "DELETE"} else {}
    answer = client.request(method, path, headers=headers, json=body)
    code = answer.json()["code"] if "problem+json" in answer.headers.get("content-type", "") else ""
    return answer.status_code, code + ": " + answer.text if answer.status_code == 403 else code


@pytest.mark.parametrize("scoped", [False, True], ids=["everywhere", "own node"])
@pytest.mark.parametrize("role", Role)
def test_each_route_lets_in_whom_the_table_says(role: Role, scoped: bool, world: World, client: TestClient) -> None:
    headers = headers_of(world, client, role, f"{role}@{OWN}" if scoped else role.value)
    wrong = []
    for method, path, action in requests():
        world.time.pass_by(milliseconds=20)
        status, code = sent(client, method, path, headers)
        refused = status == 403 and "is not permitted by your roles" in code
        # Where the guard lets a role in at its node, what concerns every node may still be refused by the route itself.
        in_scope = scoped and status == 403 and code.startswith("not_allowed") and not refused
        let_in = not refused and (status not in {401, 403, 429} or in_scope)
        if status >= 500 and status != 503:
            wrong.append(f"{method} {path}: {status}")
        elif let_in != expected(action, role, scoped=scoped):
            wrong.append(f"{method} {path} ({action}): {status} {code[:200]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer ek_0000000000_" + "A" * 43}, {"Cookie": "evenstock_session=x"}]
)
def test_without_good_credentials_every_guarded_route_is_shut(
    header: dict[str, str], world: World, client: TestClient
) -> None:
    for method, path, _ in requests():
        assert sent(client, method, path, header) == (401, "not_authenticated"), f"{method} {path}"


def test_whoever_has_no_role_does_nothing_but_see_who_he_is(world: World, client: TestClient) -> None:
    headers = headers_of(world, client, Role.VIEWER, "viewer@BER")
    change_grants(world.store, "viewer-at-ber@example.com", (), "test")
    world.door.changed()
    for method, path, action in requests():
        world.time.pass_by(milliseconds=20)
        status, _ = sent(client, method, path, headers)
        assert (status == 403) == (action is not Action.OWN_SESSION), f"{method} {path}: {status}"


# --- own node and another's ------------------------------------------------------------------------------------------


@cache
def described() -> dict[str, Any]:
    return document()


EMPTY = {"/v1/forecasts", "/v1/stock/beliefs", "/v1/stock/reconciliation"}
"""Where there is nothing to read before something long was done: nothing of another node either."""


def asked_by_node() -> list[str]:
    """Routes of which a parameter names the node."""
    paths: dict[str, Any] = described()["paths"]
    return sorted(
        path
        for path, operations in paths.items()
        for parameter in operations.get("get", {}).get("parameters", ())
        if parameter["in"] == "query" and parameter["name"] == "node"
    )


def nodes_in(value: Any) -> set[str]:
    """Every node that an answer speaks of."""
    if isinstance(value, dict):
        own = {value["node"]} if isinstance(value.get("node"), str) else set()
        return own.union(*(nodes_in(part) for part in value.values()))
    return set().union(*(nodes_in(part) for part in value)) if isinstance(value, list) else set()


def sku_of(client: TestClient, headers: dict[str, str]) -> str:
    name: str = client.get("/v1/items", headers=headers).json()["items"][0]["sku"]
    return name


@pytest.fixture(scope="module")
def busy(world: World, client: TestClient) -> World:
    """With units of one item counted at both nodes."""
    headers = bearer(world.key("integration"))
    sku = sku_of(client, headers)
    for node in (OWN, OTHER):
        said = {"source": "wms", "sku": sku, "node": node, "units": 7, "observed_at": "2026-11-20T14:00:00Z"}
        assert client.post("/v1/stock/observations", json={"observations": [said]}, headers=headers).status_code == 200
    return world


@pytest.mark.parametrize("path", asked_by_node())
def test_of_another_node_nothing_is_read(path: str, busy: World, client: TestClient) -> None:
    action = next(route.guard.action for route in resources() if f"/v1{route.path}" == path)
    assert action is not None
    if EXPECTED[action, Role.NODE_OPERATOR] != "N":
        return
    headers = bearer(busy.key(f"node_operator@{OWN}"))
    params = {"sku": sku_of(client, headers)} if path == "/v1/stock/movements" else {}
    own = client.get(path, params=params | {"node": OWN}, headers=headers)
    everything = client.get(path, params=params, headers=headers)
    other = client.get(path, params=params | {"node": OTHER}, headers=headers)
    if path in EMPTY:
        assert {own.status_code, everything.status_code, other.status_code} <= {403, 404}
        return
    assert own.status_code == 200, own.text
    assert nodes_in(own.json()) <= {OWN}
    for answer in (everything, other):
        assert answer.status_code in {200, 403}
    assert everything.status_code == 403 or nodes_in(everything.json()) <= {OWN}
    assert other.status_code == 403 or (nodes_in(other.json()) == set() and not other.json().get("items"))


def test_the_check_above_would_see_a_leak(busy: World, client: TestClient) -> None:
    headers = bearer(busy.key("node_operator"))
    assert nodes_in(client.get("/v1/stock/balances", headers=headers).json()) >= {OWN, OTHER}


def bodies(node: str, sku: str) -> dict[str, dict[str, Any]]:
    """Requests whose body names a node, by address; each is right but for who sends it."""
    at = "2026-11-20T14:30:00Z"
    said = {"source": "wms", "sku": sku, "node": node, "units": 6, "observed_at": at}
    return {
        "/v1/counts": {"id": f"C-{node}", "sku": sku, "node": node, "units": 7},
        "/v1/stock/observations": {"observations": [said]},
        "/v1/exceptions": {"id": f"E-{node}", "kind": "node_up", "node": node},
        "/v1/forecast-overrides": {
            "kind": "multiply", "value": 1.1, "first_day": "2026-11-21", "last_day": "2026-11-25", "reason": "a fair",
            "sku": sku, "node": node,
        },
    }  # fmt: skip


@pytest.mark.parametrize("path", sorted(bodies("", "")))
def test_at_another_node_nothing_is_said(path: str, busy: World, client: TestClient) -> None:
    headers = bearer(busy.key(f"planner@{OWN}"))
    sku = sku_of(client, headers)
    other = client.post(path, json=bodies(OTHER, sku)[path], headers=headers)
    assert (other.status_code, other.json().get("code")) == (403, "not_allowed"), other.text
    assert OTHER in other.json()["detail"]
    own = client.post(path, json=bodies(OWN, sku)[path], headers=headers)
    assert own.status_code not in {401, 403}, own.text


def test_every_body_that_names_a_node_where_roles_have_a_scope_is_tried_or_told_why_not() -> None:
    elsewhere = {
        "/v1/cases/{case}/override",  # the nodes of a plan somebody chooses: tests of the queue
        "/v1/plans/{plan}/edits",  # lines of a plan: tests of plans
        "/v1/delegations",  # no farther than the giver's own right: tests of approvals
    }
    found = set()
    schemas = described()["components"]["schemas"]

    def names_node(schema: Any, depth: int = 0) -> bool:
        if isinstance(schema, dict):
            if "$ref" in schema and depth < 6:
                return names_node(schemas[schema["$ref"].rpartition("/")[2]], depth + 1)
            own = any(name in {"node", "nodes", "origin", "destination"} for name in schema.get("properties", {}))
            return own or any(names_node(part, depth) for part in schema.values())
        return isinstance(schema, list) and any(names_node(part, depth) for part in schema)

    for route in resources():
        action = route.guard.action
        if action is None or "N" not in {EXPECTED[action, role] for role in Role}:
            continue
        for method in route.methods or ():
            operation = described()["paths"][f"/v1{route.path}"][method.lower()]
            if names_node(operation.get("requestBody", {})):
                found.add(f"/v1{route.path}")
    assert found <= set(bodies("", "")) | elsewhere
