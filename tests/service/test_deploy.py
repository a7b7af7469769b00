"""What an operator deploys: pinned, without secrets, without root; and every metric it watches is one that we tell."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient
from tests.service.conftest import NOW, made, order_body

from evenstock.operations.inbound.sources import Source, keep_source
from evenstock.operations.keep_check import keep_check
from evenstock.operations.ports import Entry
from evenstock.operations.replaying.keep_replay import keep_replay
from evenstock.service.app import create_app
from evenstock.storage.audit_evidence.evaluating import evaluate_new
from evenstock.storage.memory import MemoryStore

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text("utf-8"))
ALERTS: list[dict[str, Any]] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"))["groups"][0][
    "rules"
]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "dashboards" / "evenstock.json").read_text("utf-8"))
OF_PROMETHEUS = {"up"}
SERVICES = sorted(COMPOSE["services"])
TOP = {"name", "services", "volumes", "secrets", "networks", "configs"}
KEYS = {
    "image", "build", "restart", "read_only", "user", "cap_drop", "cap_add", "security_opt", "tmpfs", "stop_grace_period",
    "environment", "secrets", "volumes", "depends_on", "command", "ports", "mem_limit", "healthcheck", "shm_size", "entrypoint",
}  # fmt: skip


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of every series that a service tells after a little life."""
    service = made(MemoryStore(lambda: NOW), tmp_path_factory.mktemp("service"))
    keep_check(service.store, NOW)
    evaluate_new(service.store)
    keep_replay(service.store, service.snapshots, 10_000, "seed")
    with service.store.transaction() as books:
        books.enter(Entry("worker", "w", {"beat_at": NOW.isoformat()}))
    with TestClient(create_app(service)) as client:
        client.post("/v1/route", json=order_body())
        service.telemetry.metrics.refused("route", 1)
        with service.store.transaction() as books:
            keep_source(books, Source("wms"))
        for _ in range(2):
            client.post(
                "/v1/ingest/wms/events", json={"specversion": "1.0", "id": "1", "source": "wms", "type": "node.up"}
            )
        client.post("/v1/ingest/nobody/events", json={})
        text = client.get("/v1/metrics").text
    return {line.split("{")[0].split(" ")[0] for line in text.splitlines() if not line.startswith("#")}


def named(expression: str) -> set[str]:
    """Metrics of a PromQL expression."""
    bare = re.sub(r'"[^"]*"', "", expression)
    return set(re.findall(r"\b(?:evenstock|process|python)_[a-z_]+\b|\bup\b", bare))


EXPRESSIONS = [(rule["alert"], rule["expr"]) for rule in ALERTS] + [
    (panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]
]


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS, ids=[where for where, _ in EXPRESSIONS])
def test_every_metric_that_is_watched_is_told(where: str, expression: str, exposed: set[str]) -> None:
    names = named(expression)
    assert names, where
    assert names - OF_PROMETHEUS - exposed == set(), where


def test_a_metric_that_nobody_tells_would_be_found(exposed: set[str]) -> None:
    assert named("sum(rate(evenstock_nonsense_total[5m])) > 0") - exposed == {"evenstock_nonsense_total"}


def test_every_metric_of_ours_is_watched_somewhere(exposed: set[str]) -> None:
    watched = set().union(*(named(expression) for _, expression in EXPRESSIONS))
    ours = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in exposed if name.startswith("evenstock_")}
    seen = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in watched}
    assert {
        name for name in ours if name.removesuffix("_total") not in {s.removesuffix("_total") for s in seen}
    } == set()


@pytest.mark.parametrize("rule", ALERTS, ids=[rule["alert"] for rule in ALERTS])
def test_an_alert_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["action"]
    assert rule["expr"].count("(") == rule["expr"].count(")")


def test_panels_have_a_place_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_composition_has_only_what_compose_knows() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} <= TOP
    for service in COMPOSE["services"].values():
        assert set(service) <= KEYS


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_bounded_and_without_rights(name: str) -> None:
    service = COMPOSE["services"][name]
    assert re.fullmatch(r"[a-z0-9./-]+:v?\d+(\.\d+)+[\w.-]*", service["image"]), "a pinned tag, never latest"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["mem_limit"]
    assert {"test", "interval", "timeout", "retries"} <= set(service["healthcheck"])
    assert name == "postgres" or service["user"].split(":")[0] not in {"0", "root"}, (
        "postgres lets go of root by itself"
    )
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:"), "a proxy with TLS stands before it"
    assert not {"privileged", "network_mode", "pid", "ipc"} & set(service)
    assert "docker.sock" not in str(service)


def test_no_secret_stands_in_what_is_deployed() -> None:
    for path in DEPLOY.rglob("*"):
        if not path.is_file():
            continue
        text = path.read_text("utf-8")
        assert not re.search(r"(?i)(password|pepper|secret|token)\s*[:=]\s*['\"]?[A-Za-z0-9+/]{12,}", text), path
    environment = {
        key: value for service in COMPOSE["services"].values() for key, value in service.get("environment", {}).items()
    }
    secret = {key for key in environment if re.search(r"PASSWORD|PEPPER|SECRET", key)}
    assert secret
    for key in secret:
        assert environment[key].startswith("/run/secrets/"), key
    assert all(told["file"].startswith("./secrets/") for told in COMPOSE["secrets"].values())


def test_what_is_used_is_declared() -> None:
    for name, service in COMPOSE["services"].items():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"]), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).exists(), volume
        assert set(service.get("depends_on", {})) <= set(COMPOSE["services"])
        used = set(re.findall(r"/run/secrets/(\w+)", str(service)))
        assert used <= set(service.get("secrets", [])), name


def test_the_database_keeps_what_it_acknowledged() -> None:
    command = COMPOSE["services"]["postgres"]["command"]
    assert {"fsync=on", "synchronous_commit=on", "full_page_writes=on"} <= set(command)
    assert "NOSUPERUSER" in (DEPLOY / "postgres" / "role.sh").read_text("utf-8")


def test_the_image_is_pinned_and_not_run_by_root() -> None:
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert bases
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base) for base in bases)
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users[-1].split(":")[0] not in {"0", "root"}
    text = "\n".join(lines)
    assert "--require-hashes" in text
    assert "HEALTHCHECK" in text
    assert not re.search(r"(?m)^(ADD|ARG .*(TOKEN|SECRET|PASSWORD))", text)


UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


@pytest.mark.parametrize("path", UNITS, ids=[path.stem for path in UNITS])
def test_a_unit_runs_without_rights(path: Path) -> None:
    text = path.read_text("utf-8")
    for line in ("User=evenstock", "NoNewPrivileges=yes", "ProtectSystem=strict", "UMask=0077", "PrivateTmp=yes"):
        assert line in text.splitlines(), line
    found = re.search(r"^ExecStart=/opt/evenstock/bin/evenstock (\w+)", text, re.MULTILINE)
    assert found
    from evenstock.cli import app

    assert found[1] in {command.name for command in app.registered_commands}


def test_the_service_has_time_to_finish() -> None:
    from evenstock.service.serving import GONE_S

    stop = re.search(
        r"^TimeoutStopSec=(\d+)", (DEPLOY / "systemd" / "evenstock.service").read_text("utf-8"), re.MULTILINE
    )
    assert stop
    assert int(stop[1]) > GONE_S
    assert int(COMPOSE["services"]["service"]["stop_grace_period"].removesuffix("s")) > GONE_S
