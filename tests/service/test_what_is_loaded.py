"""What a process loads before it serves: a start is waited for, after a crash by everybody."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "IPython", "alembic", "duckdb", "jinja2", "karrio", "lightgbm", "linopy", "matplotlib", "openpyxl", "ortools", "pandas",
    "pyarrow", "requests", "scipy.integrate", "scipy.interpolate", "scipy.optimize", "scipy.sparse", "scipy.spatial",
    "scipy.stats", "sklearn", "statsmodels", "torch",
}  # fmt: skip
"""Each costs tenths of a second or more; whoever needs one loads it where it is used, or asks for less."""
SERVING = "from evenstock.cli import commands\ncommands(('serve',))\nimport evenstock.service.serving"
SERVING += "\nfrom evenstock.service.ahead import load_ahead\nload_ahead('postgresql:')"


def after(code: str, asked: str) -> object:
    """What an expression is in a fresh process that ran the code."""
    said = subprocess.run(
        [sys.executable, "-c", f"import json, sys\n{code}\nprint(json.dumps({asked}))"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return json.loads(said.stdout)


@pytest.fixture(scope="module")
def serving() -> set[str]:
    found = after(SERVING, "sorted(sys.modules)")
    assert isinstance(found, list)
    return set(found)


def test_serving_loads_nothing_heavy_that_no_request_needs(serving: set[str]) -> None:
    assert "evenstock.service.api.orders" in serving
    assert not HEAVY & serving


def test_serving_does_not_load_the_jobs_of_the_worker_nor_other_commands(serving: set[str]) -> None:
    assert not {name for name in serving if name.startswith("evenstock.service.worker.jobs.")}
    commands = {name for name in serving if name.startswith("evenstock.cli.")}
    assert commands <= {f"evenstock.cli.{name}" for name in ("loading", "opening", "screen", "serve")}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are forked on Linux only")
def test_what_is_loaded_begins_no_threads_so_that_it_can_be_forked() -> None:
    """A frame made while modules are loaded begins polars' threads, and a child forked beside them waits for ever."""
    assert after(SERVING, "__import__('evenstock.service.processes').service.processes.alone()") is True
    used = "import polars\npolars.DataFrame({'units': [1, 2]}).lazy().filter(polars.col('units') > 1).collect()"
    assert after(f"{SERVING}\n{used}", "__import__('evenstock.service.processes').service.processes.alone()") is False


@pytest.mark.parametrize("name", ["route", "promise", "keys", "doctor", "queue"])
def test_a_command_loads_neither_the_service_nor_what_is_heavy(name: str) -> None:
    found = after(f"from evenstock.cli import commands\ncommands(({name!r},))", "sorted(sys.modules)")
    assert isinstance(found, list)
    assert not {"fastapi", "uvicorn", "numba.cuda", *HEAVY} & set(found)
