"""Fault F44: a rogue agent over-reports stock, floods, forges another hub and replays; honest agents beside it are unaffected.

Two services live the same day: in one the rogue is there, in the other it is not. The honest agents' answers must be the same, one
by one, and as many.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.access_world import Time, World, bearer
from tests.service.conftest import order_body
from tests.service.sending import KEY, WHSEC, cloud, send, source, standard

from evenstock.domain import Sku
from evenstock.operations.actors.watching import Watching
from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.audit.rows import audit_of
from evenstock.service.configuration import Secret
from evenstock.storage.memory import MemoryStore

OWN, OTHER = "TX-DC", "PA-3PL"
OWNER = "ben@example.com"


@dataclass
class Day:
    """A service with three honest agents, a shop, and perhaps a rogue."""

    folder: Path
    time: Time = field(default_factory=Time)
    answers: list[tuple[str, int, Any]] = field(default_factory=list)
    counted: int = 0

    def __post_init__(self) -> None:
        self.store = AuditedStore(MemoryStore(self.time.clock))
        self.world = World(self.folder, self.time, self.store, network=True, secrets_key=Secret("s" * 40))
        # What is done at its moment is written down at its moment: the service's clock is the store's.
        self.world.service.clock = self.time.clock
        self.world.person(OWNER, "planner")
        self.world.person("ana@example.com", "admin")
        self.shop = bearer(self.world.key("integration"))
        self.honest = [bearer(self.world.key(f"agent@{OWN}", owner=OWNER)) for _ in range(3)]
        self.rogue_key = self.world.key(f"agent@{OWN}", owner=OWNER)
        self.rogue = bearer(self.rogue_key)
        self.skus = [str(sku) for sku in self.world.service.company.get().company.network.items]
        self.watching = Watching(self.store, "test")

    @property
    def actor(self) -> str:
        return f"key:{self.rogue_key[:13]}"

    def post(self, client: TestClient, path: str, body: Any, headers: dict[str, str]) -> Any:
        return client.post(f"/v1{path}", json=body, headers=headers)

    def count(self, client: TestClient, headers: dict[str, str], units: int, node: str = OWN, sku: str = "") -> Any:
        self.counted += 1
        body = {"id": f"c-{self.counted}", "sku": sku or self.skus[self.counted % 5], "node": node, "units": units}
        return self.post(client, "/counts", body, headers)

    def honest_hour(self, client: TestClient, number: int) -> None:
        """Each agent counts two shelves, the shop places two orders; what they are answered is written down."""
        rng = random.Random(number)
        for n, agent in enumerate(self.honest):
            for _ in range(2):
                # Ids of its own, so that the rogue beside changes nothing of what is asked.
                body = {
                    "id": f"h-{number}-{n}-{rng.random()}", "sku": self.skus[5 + n], "node": OWN,
                    "units": max(0, 900 - 3 * number - rng.randrange(3)),
                }  # fmt: skip
                self.note(f"count {n}", self.post(client, "/counts", body, agent))
                self.time.pass_by(seconds=30)
        for n in range(2):
            lines = [{"id": "1", "sku": self.skus[5], "units": 1, "price_cents": 1000}]
            body = order_body(f"T-{number}-{n}", lines=lines)
            self.note(f"order {n}", self.post(client, "/route", body, self.shop))

    def note(self, what: str, answer: Any) -> None:
        told = answer.json()
        self.answers.append((what, answer.status_code, told))

    def rows_of(self, about: str) -> list[str]:
        with self.store.reading() as books:
            rows = audit_of(books).audit_about([about], 100)
        return [deed["did"] for row in rows for deed in json.loads(row.said)["deeds"]]

    def units(self, sku: str, node: str) -> int:
        with self.store.reading() as books:
            return sum(one.available for one in books.balances([Sku(sku)]) if one.node == node)

    def state(self, client: TestClient) -> dict[str, Any]:
        answer = client.get(f"/v1/actors/{self.actor}", headers=bearer(self.world.key("admin")))
        found: dict[str, Any] = answer.json()
        return found


def client_of(client: TestClient, headers: dict[str, str]) -> TestClient:
    """The same service, asked by whoever these headers are of."""
    return TestClient(client.app, headers=headers)


@pytest.fixture
def day(tmp_path: Path) -> Day:
    return Day(tmp_path)


def test_another_hubs_scope_is_refused_and_leaves_no_trace(day: Day) -> None:
    before = [day.units(sku, OTHER) for sku in day.skus]
    with day.world.client() as client:
        refused = day.count(client, day.rogue, 5, node=OTHER)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
        # Nor by saying so in the body, by an owner's wider role, or by what an agent may never do.
        for path, body in (
            ("/stock/observations", {"observations": [{"source": "x", "sku": day.skus[0], "node": OWN, "units": 9,
                                                       "observed_at": "2026-11-20T14:00:00Z"}]}),
            ("/plans/p-1/approval", {}),
            ("/api-keys", {"name": "more", "grants": [{"role": "admin"}]}),
            (f"/actors/{day.actor}/release", {"because": "I am fine"}),
        ):  # fmt: skip
            assert day.post(client, path, body, day.rogue).status_code in {403, 404}, path
    assert [day.units(sku, OTHER) for sku in day.skus] == before


def test_a_forged_signature_and_a_replay_have_no_effect(day: Day) -> None:
    sku = day.skus[0]
    with day.world.client() as client:
        source(client_of(client, bearer(day.world.key("admin"))), id="hub", scheme="standard_webhooks", secret=WHSEC)
        sent = json.dumps(cloud(name="e-1", sku=sku, node=OTHER, units=10_000, version=1)).encode()
        at = int(day.time.now.timestamp())
        forged = send(client, sent, standard(sent, at, key=KEY.replace("a", "b")), to="hub")
        assert (forged.status_code, forged.json()["code"]) == (401, "bad_signature")
        changed = send(client, sent.replace(b"10000", b"90000"), standard(sent, at), to="hub")
        assert (changed.status_code, changed.json()["code"]) == (401, "bad_signature")
        stale = send(client, sent, standard(sent, at - 301), to="hub")
        assert (stale.status_code, stale.json()["code"]) == (401, "bad_signature")
        with_key = send(client, sent, day.rogue, to="hub")
        assert (with_key.status_code, with_key.json()["code"]) == (403, "not_allowed"), "an agent brings no events"
        assert send(client, sent, standard(sent, at), to="hub").json()["new"] == 1
        assert send(client, sent, standard(sent, at), to="hub").json()["new"] == 0, "a replayed event is one event"
        count = {"id": "r-1", "sku": sku, "node": OWN, "units": 40}
        assert day.post(client, "/counts", count, day.rogue).status_code == 200
        day.time.pass_by(minutes=5)
        assert day.post(client, "/counts", {**count, "id": "r-2", "units": 30}, day.rogue).status_code == 200
        replayed = day.post(client, "/counts", count, day.rogue)
        assert replayed.status_code in {200, 409}
    assert day.units(sku, OWN) == 30, "an old count sent again changes nothing"


def test_over_reporting_is_found_by_its_direction_and_size(day: Day) -> None:
    """Three days of counting a little away, then shelf after shelf counted up by far: quarantined, and the log says why."""
    rng = random.Random(1)
    with day.world.client() as client:
        level = dict.fromkeys(day.skus[:5], 100_000)
        for sku in level:
            assert day.count(client, bearer(day.world.key("node_operator")), level[sku], sku=sku).status_code == 200
        for n in range(3 * 24 * 4):
            day.time.pass_by(minutes=15)
            sku = day.skus[n % 5]
            level[sku] -= rng.choice((1, 2, 2, 3, 4))
            assert day.count(client, day.rogue, level[sku], sku=sku).status_code == 200
        while day.watching.step():
            pass
        assert day.state(client)["state"] == "active"
        began, codes = day.time.now, []
        for n in range(40):
            day.time.pass_by(minutes=2)
            sku = day.skus[n % 5]
            level[sku] += 300
            codes.append(day.count(client, day.rogue, level[sku], sku=sku).status_code)
            day.watching.step()
            day.world.door.changed()
            if codes[-1] == 403:
                break
        assert codes[-1] == 403, "it was stopped"
        assert day.time.now - began < timedelta(minutes=40)
        told = day.state(client)
    assert told["quarantine"]["aspect"] in {"direction", "size"}
    assert "in a row" in told["quarantine"]["because"]
    assert day.rows_of(f"actor:{day.actor}") == ["enter", "quarantine", "publish"]


def test_honest_agents_are_answered_the_same_beside_a_rogue_that_floods(tmp_path: Path) -> None:
    calm, troubled = Day(tmp_path / "calm"), Day(tmp_path / "troubled")
    refused: list[int] = []
    for day in (calm, troubled):
        with day.world.client() as client:
            stock = bearer(day.world.key("node_operator"))
            for n in range(5, 9):
                assert day.count(client, stock, 900, sku=day.skus[n]).status_code == 200
            for hour in range(6):
                for n in range(700 if hour == 2 else 20):
                    # As fast as it can, upwards, in the same seconds as the others.
                    day.time.pass_by(milliseconds=5)
                    if day is troubled:
                        refused.append(day.count(client, day.rogue, 5_000 + n, sku=day.skus[n % 5]).status_code)
                day.honest_hour(client, hour)
                day.time.pass_by(minutes=40)
            if day is troubled:
                told = day.state(client)
    assert refused[-1] == 403
    stopped = refused.index(403)
    assert 40 < stopped <= 641, "its caps are those of every agent: 600 deeds a minute, 100,000 units"
    assert len(refused) == 700 + 5 * 20
    assert set(refused[stopped:]) == {403}, "once stopped it does nothing more"
    assert told["quarantine"]["aspect"] == "cap"
    assert "deeds" in told["quarantine"]["because"] or "units" in told["quarantine"]["because"]
    assert [one[:2] for one in calm.answers] == [one[:2] for one in troubled.answers]
    assert [_plain(one) for one in calm.answers] == [_plain(one) for one in troubled.answers]
    assert len(troubled.answers) == 6 * (3 * 2 + 2), "and as many in the same time"
    assert {code for _, code, _ in troubled.answers} == {200}


def _plain(one: tuple[str, int, Any]) -> Any:
    """An answer without what names the run it came from."""
    text = json.dumps(one[2], sort_keys=True)
    return one[0], text if "count" in one[0] else sorted(one[2])
