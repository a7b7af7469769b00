"""`evenstock serve` as an operator starts and stops it: a real process, real sockets, real signals."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.service.conftest import EXAMPLE
from typer.testing import CliRunner

from evenstock.bootstrap import open_workspace, system_clock
from evenstock.cli import app
from evenstock.connectors.files import read_folder
from evenstock.operations.import_network import import_network
from evenstock.service.configuration import Configuration
from evenstock.service.serving import Wanted, serve
from evenstock.service.worker_beside import WorkerBeside
from evenstock.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@contextmanager
def serving(
    home: Path, *words: str, program: Sequence[str] = ("-m", "evenstock"), **environ: str
) -> Iterator[tuple[subprocess.Popen[bytes], str, Path]]:
    """The process, its address, and the file with what it writes to standard output."""
    home.mkdir(exist_ok=True)
    out, error = home.parent / "out", home.parent / "error"
    with out.open("wb") as to, error.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, *program, "serve", "--port", "0", "--without-worker", *words],
            env={**os.environ, "EVENSTOCK_HOME": str(home), **environ},
            stdout=to,
            stderr=errors,
            cwd=home.parent,
        )
    try:
        deadline = time.monotonic() + 120
        while not (found := re.search(r"http://\S+", error.read_text())):
            assert process.poll() is None, error.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process, found[0], out
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def ask(address: str, **options: Any) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(address, **options)
    deadline = time.monotonic() + 90
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_it_serves_is_ready_and_leaves_in_order_when_told(home: Path) -> None:
    """A request whose body is still coming when the signal comes is answered; a new connection is not taken."""
    place = Settings(home, f"sqlite:///{home}/evenstock.db")
    with open_workspace(place) as opened:
        import_network(opened.store, opened.snapshots, read_folder(EXAMPLE).frames, system_clock())
    with serving(home) as (process, address, out):
        assert ask(f"{address}/health")[0] == 200
        status, told = ask(f"{address}/ready")
        assert (status, told["ready"]) == (200, True)
        assert ask(f"{address}/orders/T-1")[0] == 401, "nobody is signed in"
        host, port = address.removeprefix("http://").removesuffix("/v1").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as made:
            made.sendall(b"GET /v1/health HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b" 200 " in made.recv(65_536)
            key = b"Authorization: Bearer ek_0123456789_" + b"x" * 43
            head = b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{"
            made.sendall(b"POST /v1/route HTTP/1.1\r\nHost: a\r\n" + key + b"\r\n" + head)
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            with pytest.raises(OSError, match="refused"):
                socket.create_connection((host, int(port)), timeout=1)
            made.sendall(b"}")
            assert b" 401 " in made.recv(65_536)
        assert process.wait(10) == 0
    written = [json.loads(line) for line in out.read_text().splitlines()]
    requests = [one for one in written if one["event"] == "request"]
    assert [(one["route"], one["status"]) for one in requests] == [
        ("/v1/orders/{order}", 401),
        ("/v1/route", 401),
    ], "probes that are well are not logged"
    assert all("timestamp" in one and "level" in one for one in written), "one object of JSON a line, whoever speaks"
    assert "x" * 43 not in out.read_text()


def test_several_processes_serve_one_address_and_count_together(home: Path) -> None:
    with serving(home, "--workers", "2") as (process, address, _):
        for _ in range(30):
            assert ask(f"{address}/orders/x")[0] == 401
        with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        counted = re.findall(r'evenstock_requests_total\{[^}]*route="/v1/orders/\{order\}"[^}]*\} ([\d.]+)', text)
        assert sum(map(float, counted)) == 30
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def served_by(process: subprocess.Popen[bytes]) -> list[int]:
    """Processes of this program under it."""
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False).stdout
    own = of_process(process.pid, "cmdline")
    pids = [int(pid) for pid in found.split() if alive(int(pid))]
    return [pid for pid in pids if of_process(pid, "cmdline") == own]


def of_process(pid: int, name: str) -> str:
    """What the system tells of a process; empty where it ended, which it may do between two questions."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are forked on Linux only")
def test_processes_are_forked_each_loads_the_company_and_one_that_is_killed_is_replaced(home: Path) -> None:
    """What is loaded once serves in each; the company, which is read by threads that no fork takes along, is read in each."""
    place = Settings(home, f"sqlite:///{home}/evenstock.db")
    with open_workspace(place) as opened:
        import_network(opened.store, opened.snapshots, read_folder(EXAMPLE).frames, system_clock())
    with serving(home, "--workers", "2") as (process, address, _):
        for _ in range(20):
            status, told = ask(f"{address}/ready")
            assert status == 200
            company = next(check for check in told["checks"] if check["name"] == "company")
            assert company["because"].startswith("loaded")
        first = served_by(process)
        assert len(first) == 2, "they are this program, not another that loads it anew"
        os.kill(first[0], signal.SIGKILL)
        deadline = time.monotonic() + 60
        while len(now := served_by(process)) < 2 or first[0] in now:
            assert ask(f"{address}/health")[0] == 200, "the other serves on"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not any(alive(pid) for pid in (*first, *now))


def test_where_processes_cannot_be_forked_each_loads_for_itself(home: Path) -> None:
    """As on another system, or beside a library that begins threads as it is loaded."""
    threads = "import threading, time; threading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
    program = ("-c", f"{threads}; from evenstock.cli import main; main()")
    with serving(home, "--workers", "2", program=program) as (process, address, out):
        for _ in range(10):
            assert ask(f"{address}/health")[0] == 200
        assert not served_by(process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert "each process loads everything for itself" in out.read_text()


def test_several_processes_refuse_as_one_does(home: Path) -> None:
    """What one of them could not open is told at once, by name, and nothing is tried again and again."""
    pytest.importorskip("psycopg")
    nowhere = "postgresql://nobody@127.0.0.1:1/books"
    environ = {**os.environ, "EVENSTOCK_HOME": str(home), "EVENSTOCK_DATABASE": nowhere}
    words = [sys.executable, "-m", "evenstock", "serve", "--port", "0", "--without-worker", "--workers"]
    one, two = (
        subprocess.run([*words, n], env=environ, capture_output=True, text=True, timeout=120, check=False)
        for n in ("1", "2")
    )
    assert one.returncode == two.returncode == 3, two.stderr
    assert "the database cannot be opened" in one.stderr
    assert one.stderr == two.stderr


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"EVENSTOCK_HOST": "0.0.0.0"}, "open_without_tls"),
        ({"EVENSTOCK_DATABASE": "memory:"}, "memory_store"),
        ({"EVENSTOCK_PEPPER": "short"}, "short_pepper"),
        ({"EVENSTOCK_PORT": "many"}, "port: 'many' is not int"),
        ({"EVENSTOCK_LOG_LEVEL": "loud"}, "log_level"),
    ],
)
def test_what_is_unsafe_is_refused_by_name(
    home: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], said: str
) -> None:
    monkeypatch.setenv("EVENSTOCK_HOME", str(home))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["serve", "--without-worker"])
    assert result.exit_code == 3
    assert said in result.output + result.stderr
    assert "Traceback" not in result.output + result.stderr


def test_an_address_in_use_is_told(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        place = Settings(home, f"sqlite:///{home}/evenstock.db")
        with pytest.raises(OSError, match=f"{port} cannot be listened at.*EVENSTOCK_PORT"):
            serve(place, Configuration(port=port), Wanted(with_worker=False))


def alive(pid: int) -> bool:
    state = of_process(pid, "stat").rpartition(")")[2].split()
    return bool(state) and state[0] != "Z"


def test_the_worker_beside_is_started_again_and_stopped_with_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenstock.service.worker_beside.FIRST_PAUSE_S", 0.05)
    place = Settings(tmp_path, f"sqlite:///{tmp_path}/b.db")
    with WorkerBeside(place, words=[sys.executable, "-c", "import time; time.sleep(60)"]) as beside:
        first = beside.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while beside.pid in (first, None) and time.monotonic() < deadline:
            time.sleep(0.02)
        second = beside.pid
        assert second not in (first, None)
        assert beside.starts == 2
    assert second is not None
    assert not alive(second)


def test_a_worker_that_does_not_leave_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evenstock.service.worker_beside.STOP_S", 0.3)
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('.', flush=True); time.sleep(60)"
    )
    with WorkerBeside(Settings(tmp_path, "sqlite:///x"), words=[sys.executable, "-c", stubborn]) as beside:
        pid = beside.pid
        time.sleep(0.5)
    assert pid is not None
    assert not alive(pid)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel of Linux ends children of a dead parent")
def test_a_worker_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from evenstock.settings import Settings\n"
        "from evenstock.service.worker_beside import WorkerBeside\n"
        "with WorkerBeside(Settings(Path('.'), 'sqlite:///x'), words=[sys.executable, '-c', 'import time; time.sleep(60)']) as b:\n"
        "    print(b.pid, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)
