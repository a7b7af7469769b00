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
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import uvicorn
from tests.service.contract_hooks import BEYOND, REPORTED, filter_failure
from tests.service.contract_world import PLENTY, Caller, Furnished, callers, furnished

from evenstock.service import run_events
from evenstock.service.access import doorkeeper
from evenstock.service.app import create_app, document, resources
from evenstock.service.http.problems import CODES, MEDIA_TYPE

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"
METHODS = {"get", "put", "post", "patch", "delete"}
HOOKS = Path(__file__).with_name("contract_hooks.py")
EXPLORES = os.environ.get("EVENSTOCK_EXPLORE") == "1"
"""Whether other requests are tried each time, many more of them; without it they are the same ones each time."""
EFFORT = (
    ("--max-examples", "100", "--generation-database", "none")
    if EXPLORES
    else ("--max-examples", "3", "--seed", "1", "--generation-deterministic")
)
PATIENCE_S = 3_600 if EXPLORES else 600
# What the tester's list of right answers lacks: a stale If-Match is answered with 412; an address, a body or headers that are too
# long with 414, 413 and 431 before they are read; and lines of a batch one by one, with 200.
SETTINGS = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 412, 429, "5xx"]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 414, 415, 422, 428, 429, 431, "5xx"]

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
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Furnished, tuple[Caller, ...]]]:
    """Address of a server that really listens, what is there, and who tries it."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(doorkeeper, "SESSION_QUOTA", PLENTY)
        # No worker takes up what waits: a line of events would stay open for ten minutes.
        changed.setattr(run_events, "LONGEST_S", 0.1)
        changed.setattr(run_events, "LOOK_EVERY_S", 0.05)
        there = furnished(tmp_path_factory.mktemp("contract"))
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(there.world.service), log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        place = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx.Client(base_url=place, timeout=60) as client:
            everybody = callers(there.world, client)
        yield place, there, everybody
        server.should_exit = True
        thread.join(10)


def test_every_operation_is_tried_by_somebody_who_may(served: tuple[str, Furnished, tuple[Caller, ...]]) -> None:
    """Else the tester would learn no more than that he may not."""
    _, _, everybody = served
    for method, path, operation in operations():
        (tag,) = operation["tags"]
        tried = [caller for caller in everybody if caller.tries(tag)]
        assert tried, f"{method} {path}"
        action = operation.get("x-action")
        assert action is None or any(action in caller.may for caller in tried), f"{method} {path}"


@pytest.mark.parametrize("who", [0, 1, 2])
def test_a_tester_that_knows_only_the_document_finds_nothing_amiss(
    served: tuple[str, Furnished, tuple[Caller, ...]], tmp_path: Path, who: int
) -> None:
    place, there, everybody = served
    caller = everybody[who]
    (tmp_path / "schemathesis.toml").write_text(SETTINGS, "utf-8")
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", "schemathesis.toml", "run", f"{place}/v1/openapi.json",
        *(part for name, value in caller.headers.items() for part in ("--header", f"{name}: {value}")),
        *(part for tag in caller.tags for part in ("--include-tag", tag)),
        *(part for tag in caller.but for part in ("--exclude-tag", tag)),
        "--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", *EFFORT,
        "--generation-with-security-parameters", "false", "--request-timeout", "60",
        "--suppress-health-check", "all", "--no-color", "--continue-on-failure", "--wait-for-schema", "30",
    ]  # fmt: skip
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": str(HOOKS), "PYTHONWARNINGS": "ignore", "CONTRACT_KNOWN": json.dumps(there.known)
    }  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    found = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert found is not None, done.stdout[-3_000:]
    tested = re.search(r"Tested: +(\d+)", done.stdout)
    wanted = [operation for _, _, operation in operations() if caller.tries(operation["tags"][0])]
    assert tested is not None, done.stdout[-3_000:]
    assert int(tested[1]) == len(wanted), done.stdout[-3_000:]


def test_what_the_tester_is_told_to_forgive_is_there_and_has_its_reason() -> None:
    there = {f"{method.upper()} {path}" for method, path, _ in operations()}
    assert {one.operation for one in BEYOND} | set(REPORTED) <= there
    assert all(len(one.reason) > 20 and one.because for one in BEYOND)


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ({}, False),
        ({"operation": "POST /v1/orders"}, True),
        ({"failure": "UndefinedStatusCode"}, True),
        ({"failure": "ServerError", "status": 500}, True),
        ({"kind": "application/json"}, True),
        ({"status": 400}, True),
        ({"code": "malformed_body"}, True),
        ({"errors": []}, True),
        ({"errors": [{"pointer": "/quotas", "because": "name each once"}, {"pointer": "/x", "because": "no"}]}, True),
        ({"errors": [{"pointer": "/quotas", "because": "something else"}]}, True),
    ],
)
def test_a_failure_is_forgiven_only_as_foreseen(changed: dict[str, Any], counts: bool) -> None:
    told = {
        "operation": "PUT /v1/quotas", "failure": "RejectedPositiveData", "status": 422, "kind": MEDIA_TYPE,
        "code": "invalid_request", "errors": [{"pointer": "/quotas", "because": "name each once"}],
    } | changed  # fmt: skip
    failure = type(told["failure"], (), {})()
    case = SimpleNamespace(operation=SimpleNamespace(label=told["operation"]))
    content = json.dumps({"code": told["code"], "errors": told["errors"]}).encode()
    answer = SimpleNamespace(status_code=told["status"], headers={"content-type": [told["kind"]]}, content=content)
    assert filter_failure(None, failure, case, answer) is counts
