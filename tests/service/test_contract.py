"""The API against its own description: a tester that knows nothing but the document finds nothing amiss."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from tests.service.access_world import PASSWORD, World

from evenstock.operations.access.api_key import Quota
from evenstock.operations.access.principal import Role
from evenstock.service.access import doorkeeper
from evenstock.service.app import create_app, document, resources
from evenstock.service.http.problems import CODES

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"
TESTED = ("orders", "reservations", "decisions", "rules", "roll-out", "gate", "exceptions", "queue", "checks")
METHODS = {"get", "put", "post", "patch", "delete"}
HOOKS = Path(__file__).with_name("contract_hooks.py")
# What the document cannot say, each with its reason: a stale If-Match is answered with 412; lines have ids of their own
# (JSON Schema compares whole lines); of moments in a choice of kinds the tester heeds the format, not the years; lines of a batch are answered one by one, with 200.
SETTINGS = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 412, 429, "5xx"]

[[operations]]
include-name = "POST /v1/route"
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 409, 412, 422, 429]

[[operations]]
include-name = "POST /v1/exceptions"
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 409, 422, 429]

[[operations]]
include-name = "POST /v1/route-batches"
checks.negative_data_rejection.expected-statuses = ["2xx", "4xx", "5xx"]
"""


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, found in document()["paths"].items()
        for method, operation in found.items()
        if method in METHODS
    ]


def test_the_document_that_is_kept_is_current() -> None:
    kept = json.loads(DOCUMENT.read_text("utf-8"))
    assert kept == json.loads(json.dumps(document())), "run `make docs`"


def test_every_operation_has_a_name_of_its_own_a_summary_and_its_errors() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names)) == len(resources()), sorted(n for n in names if names.count(n) > 1)
    for method, path, operation in operations():
        where = f"{method} {path}"
        assert re.fullmatch(r"[a-z][a-z0-9_]*", operation["operationId"]), where
        assert operation["summary"], where
        assert any(code.startswith(("2", "3")) for code in operation["responses"]), where
        assert {"400", "404", "422", "500", "503"} <= operation["responses"].keys(), where
        guarded = "x-action" in operation
        assert bool(operation["security"]) == guarded, where
        assert not guarded or {"401", "403"} <= operation["responses"].keys(), where


def test_every_code_of_a_problem_is_described_with_an_example() -> None:
    described = {
        name
        for response in document()["components"]["responses"].values()
        for name in response["content"]["application/problem+json"]["examples"]
    }
    assert described == set(CODES)


def test_every_reference_leads_somewhere() -> None:
    found = document()
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(found))):
        place: Any = found
        for part in reference.split("/"):
            place = place[part]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    """Address of a server that really listens, and the headers of a person who may do nearly everything."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(doorkeeper, "SESSION_QUOTA", Quota(100_000, 100_000))
        world = World(tmp_path_factory.mktemp("contract"), log_level="error")
        # An agent holds no other power, and whoever manages accounts approves nothing.
        world.person("ana", *(role.value for role in Role if role not in {Role.AGENT, Role.ADMIN}))
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(world.service), log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        place = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx.Client(base_url=place, timeout=60) as client:
            answer = client.post("/v1/session", json={"account": "ana", "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        yield place, [f"Cookie: {cookie}", f"X-CSRF-Token: {answer.json()['csrf_token']}"]
        server.should_exit = True
        thread.join(10)


def test_a_tester_that_knows_only_the_document_finds_nothing_amiss(
    served: tuple[str, list[str]], tmp_path: Path
) -> None:
    place, headers = served
    (tmp_path / "schemathesis.toml").write_text(SETTINGS, "utf-8")
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", "schemathesis.toml", "run", f"{place}/v1/openapi.json",
        *(part for header in headers for part in ("--header", header)), "--checks", "all", "--phases", "examples,coverage,fuzzing,stateful",
        "--max-examples", "4", "--seed", "1", "--generation-deterministic",
        "--generation-with-security-parameters", "false",
        "--suppress-health-check", "all", "--no-color", "--continue-on-failure", "--wait-for-schema", "30",
        *(part for tag in TESTED for part in ("--include-tag", tag)),
    ]  # fmt: skip
    environment = os.environ | {"SCHEMATHESIS_HOOKS": str(HOOKS), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert "No issues found" in done.stdout or " passed" in done.stdout, done.stdout[-3_000:]
