"""A PostgreSQL and a service of its own to measure: started, filled, killed and restarted by whoever measures."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from benchmarks import service_world

from evenstock.settings import Settings
from evenstock.storage import open_store
from evenstock.storage.snapshots import SnapshotFolder

PEPPER = "of no use elsewhere than in this benchmark"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def tools() -> str:
    """Folder of PostgreSQL's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    place = str(found[-1]) if found else shutil.which("initdb")
    if not place:
        sys.exit("no initdb: install PostgreSQL (Debian: apt-get install postgresql)")
    return str(Path(place).parent)


@dataclass
class Postgres:
    """A server of our own: fsync on, data checksums on, TCP on loopback."""

    folder: Path
    port: int = field(default_factory=free_port)
    pid: int = 0

    def _as_server(self, *command: str) -> list[str]:
        """PostgreSQL refuses to run as root."""
        if os.getuid() == 0:
            return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        return list(command)

    def create(self) -> None:
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        command = (f"{tools()}/initdb", "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust", "-k", "--no-instructions")  # fmt: skip
        subprocess.run(self._as_server(*command), check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        command = (f"{tools()}/pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"), "-o", options, "start")  # fmt: skip
        done = subprocess.run(self._as_server(*command), check=False, stdout=subprocess.DEVNULL, cwd="/")
        if done.returncode:
            sys.exit(f"PostgreSQL would not start:\n{(self.folder / 'log').read_text()[-2000:]}")
        self.pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def kill(self) -> None:
        """kill -9 of the server and all its processes: what a crash is."""
        children = subprocess.run(["pgrep", "-P", str(self.pid)], capture_output=True, text=True, check=False).stdout
        for pid in (self.pid, *map(int, children.split())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until = time.perf_counter() + 10
        while any(Path(f"/proc/{pid}").exists() for pid in map(int, children.split())) and time.perf_counter() < until:
            time.sleep(0.02)

    def stop(self) -> None:
        command = (f"{tools()}/pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")
        subprocess.run(self._as_server(*command), check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")  # fmt: skip

    def url(self, database: str = "evenstock") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def admin(self, said: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as open_:
            open_.execute(said)  # type: ignore[call-overload]

    def cpu_s(self) -> float:
        """CPU of the server and its living processes so far; those that ended count by their parent."""
        children = subprocess.run(["pgrep", "-P", str(self.pid)], capture_output=True, text=True, check=False).stdout
        return sum(cpu_s(pid) for pid in (self.pid, *map(int, children.split())))


def cpu_s(pid: int) -> float:
    """User and system time of a process with its ended children, in seconds."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return 0.0
    told = said.rpartition(")")[2].split()
    return sum(int(told[k]) for k in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")


@dataclass
class Served:
    """The service as a user starts it, with one API key that may do everything."""

    home: Path
    database: str
    workers: int = 2
    port: int = field(default_factory=free_port)
    key: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "EVENSTOCK_HOME": str(self.home),
            "EVENSTOCK_DATABASE": self.database,
            "EVENSTOCK_PEPPER": PEPPER,
            "EVENSTOCK_SECRETS_KEY": PEPPER,
            "NUMBA_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            # As where it is installed: modules are compiled once, not at every start.
            "PYTHONDONTWRITEBYTECODE": "",
        }

    def command(self, *words: str) -> str:
        """What `evenstock WORDS` prints."""
        run = [sys.executable, "-m", "evenstock", *words]
        return subprocess.run(run, env=self.environment, check=True, capture_output=True, text=True).stdout

    def issue_key(self, *grants: str) -> str:
        words = [part for grant in grants for part in ("--role", grant)]
        said = self.command("keys", "issue", "benchmark", *words, "--per-second", "10000", "--burst", "10000", "--json")
        return str(json.loads(said)["key"])

    def start(self) -> float:
        """Seconds until it is ready."""
        began = time.perf_counter()
        log = (self.home / "serve.log").open("ab")
        run = [sys.executable, "-m", "evenstock", "serve", "--port", str(self.port), "--workers", str(self.workers), "--without-worker"]  # fmt: skip
        self.process = subprocess.Popen(run, env=self.environment, stdout=log, stderr=log)
        self.wait_ready(60)
        return time.perf_counter() - began

    def wait_ready(self, seconds: float) -> None:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/v1/ready", timeout=2).status_code == 200:
                    return
            time.sleep(0.05)
        sys.exit(f"not ready after {seconds} s:\n{(self.home / 'serve.log').read_text()[-3000:]}")

    def pids(self) -> list[int]:
        assert self.process is not None
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [self.process.pid, *map(int, children.stdout.split())]

    def cpu_s(self) -> float:
        return sum(cpu_s(pid) for pid in self.pids())

    def kill(self) -> None:
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}


@contextlib.contextmanager
def company(*, workers: int = 2, **world: Any) -> Iterator[tuple[Postgres, Served]]:
    """PostgreSQL and the service, running, with the company of `service_world` imported."""
    folder = Path(tempfile.mkdtemp(prefix="evenstock-bench-"))
    folder.chmod(0o755)
    server = Postgres(folder / "postgres")
    server.folder.mkdir()
    server.create()
    server.start()
    home = folder / "home"
    home.mkdir()
    served = Served(home, server.url(), workers)
    try:
        server.admin("CREATE DATABASE evenstock")
        store = open_store(server.url())
        service_world.imported(store, SnapshotFolder(Settings(home, server.url()).snapshots), **world)
        store.close()
        server.admin("CHECKPOINT")
        served.key = served.issue_key("planner", "integration", "viewer", "node_operator")
        served.start()
        yield server, served
    finally:
        served.stop()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


SCRIPT = """
local lines, n, at, step = {}, 0, 0, 1
local thread_count = 0
function setup(thread) thread:set("number", thread_count); thread_count = thread_count + 1 end
function init(args)
  for line in io.lines(args[1]) do n = n + 1; lines[n] = line end
  step = tonumber(args[2]); at = number + 1 - step
end
local HEAD = %HEADERS%
function request()
  at = at + step
  if at > n then at = number + 1 end
  local body, extra = lines[at], nil
  local cut = string.find(body, "\\t", 1, true)
  local headers = {}
  for k, v in pairs(HEAD) do headers[k] = v end
  if cut then
    for k, v in string.gmatch(string.sub(body, 1, cut - 1), "([^=|]+)=([^|]+)") do headers[k] = v end
    body = string.sub(body, cut + 1)
  end
  return wrk.format("POST", nil, headers, body)
end
local statuses = {}
function response(status) statuses[status] = (statuses[status] or 0) + 1; counts = "" for k, v in pairs(statuses) do counts = counts .. k .. ":" .. v .. " " end end
local threads = {}
local original = setup
function setup(thread) original(thread); table.insert(threads, thread) end
function done(summary, latency, requests)
  local out = string.format("RESULT seconds=%f requests=%d p50_us=%f p99_us=%f max_us=%f", summary.duration / 1e6, summary.requests, latency:percentile(50), latency:percentile(99), latency.max)
  for _, t in ipairs(threads) do out = out .. " statuses=" .. string.gsub(t:get("counts") or "", " ", ",") end
  print(out)
end
"""


@dataclass(frozen=True)
class Load:
    """What wrk saw."""

    seconds: float
    requests: int
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]

    @property
    def good(self) -> int:
        return sum(n for status, n in self.statuses.items() if 200 <= status < 300)

    @property
    def per_s(self) -> float:
        return self.good / self.seconds


def wrk(url: str, bodies: Path, headers: dict[str, str], *, seconds: int, connections: int, threads: int = 1) -> Load:
    """Closed loop: each connection sends the next line of `bodies` (``Header=value|…<TAB>body`` or a body) when it was answered."""
    place = shutil.which("wrk")
    if place is None:
        sys.exit("no wrk: install it (Debian: apt-get install wrk)")
    spelled = "{" + ",".join(f'["{k}"]="{v}"' for k, v in headers.items()) + "}"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT.replace("%HEADERS%", spelled))
        script.flush()
        run = [place, "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s", "--timeout", "30s", "-s", script.name, url, "--", str(bodies), str(threads)]  # fmt: skip
        said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    return _load(said)


def _load(said: str) -> Load:
    line = next(one for one in said.splitlines() if one.startswith("RESULT"))
    numbers = {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)(?= |$)", line) if k != "statuses"}
    statuses: dict[int, int] = {}
    for status, count in re.findall(r"(\d+):(\d+)", line):
        statuses[int(status)] = statuses.get(int(status), 0) + int(count)
    return Load(numbers["seconds"], int(numbers["requests"]), numbers["p50_us"] / 1e3, numbers["p99_us"] / 1e3, statuses)  # fmt: skip


def lines(path: Path, bodies: Sequence[Any]) -> Path:
    with path.open("wb") as out:
        for body in bodies:
            out.write(body if isinstance(body, bytes) else json.dumps(body).encode())
            out.write(b"\n")
    return path


def fresh(prefix: str) -> str:
    return f"{prefix}{secrets.token_hex(3)}"
