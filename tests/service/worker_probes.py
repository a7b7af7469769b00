"""Jobs of another distribution, found by their entry points: what a worker must live through, each in a few lines."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.service.conftest import NOW

from evenstock import registry
from evenstock.operations.ports import Store
from evenstock.operations.runs.keeping import Run, ask_for, run_named
from evenstock.service.company_now import CompanyNow
from evenstock.service.configuration import Configuration
from evenstock.service.worker import family
from evenstock.service.worker.workplace import Workplace
from evenstock.settings import Settings
from evenstock.storage.snapshots import SnapshotFolder

HEAD = """
import os, signal, time
from pathlib import Path
from evenstock.operations.ports import Entry
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from pydantic import Field
NAME, TITLE, SCHEDULE = __name__, "A probe", None
CAP = {cap}
class Asked(Strict):
    says: str = ""
    folder: str = ""
def effect(at, run, says):
    with at.store.transaction() as books:
        if books.entry("effect", run.id) is None:
            books.enter(Entry("effect", run.id, {{"says": says, "pid": os.getpid()}}))
def wait(asked):
    folder = Path(asked.folder)
    (folder / f"begun-{{os.getpid()}}").touch()
    while not (folder / "go").exists():
        time.sleep(0.02)
def work(at, run, asked, progress):
"""
APART = "Cap(seconds=20, memory_mb=1500)"
JOBS = {
    "probe_ok": (APART, "    progress(50, 'half'); effect(at, run, asked.says); return {'pid': os.getpid()}"),
    "probe_here": ("None", "    progress(50, 'half'); effect(at, run, asked.says); return {'pid': os.getpid()}"),
    "probe_wrong": ("None", "    raise ValueError('there is no such plan')"),
    "probe_breaks": ("None", "    return {'share': 1 / 0}"),
    "probe_wrong_apart": (APART, "    raise ValueError('there is no such plan')"),
    "probe_hangs": ("Cap(seconds=1, memory_mb=1500)", "    time.sleep(600)"),
    "probe_hungry": ("Cap(seconds=60, memory_mb=600)", "    kept = bytearray(900_000_000); kept[::4096] = b'1' * len(kept[::4096]); time.sleep(600)"),
    "probe_crashes": (APART, "    os.kill(os.getpid(), signal.SIGSEGV); time.sleep(60)"),
    "probe_prints": (APART, "    os.write(1, b'{\"result\": 1}'); print('noise'); return {'said': asked.says}"),
    # Tells by a file that it has begun, waits until the file `go` is there, then writes.
    "probe_waits": ("None", "    wait(asked); effect(at, run, asked.says); return {'pid': os.getpid()}"),
    "probe_waits_apart": (
        "Cap(seconds=120, memory_mb=1500)",
        "    wait(asked); effect(at, run, asked.says); return {'pid': os.getpid()}",
    ),
}  # fmt: skip

WORKER = """
import signal, sys
from evenstock.service.configuration import Configuration
from evenstock.service.worker.loop import Worker
from evenstock.service.worker.workplace import Workplace
from evenstock.settings import Settings
worker = Worker(Workplace.open(Settings.load(), Configuration()), lease_s=int(sys.argv[1]))
signal.signal(signal.SIGTERM, lambda *_: worker.stop())
worker.run()
"""


def installed(folder: Path) -> Path:
    """A folder that, on the path, brings these jobs."""
    told = folder / "probes-1.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: probes\nVersion: 1.0\n")
    lines = [f"{name} = {name}" for name in JOBS]
    (told / "entry_points.txt").write_text(f"[{family.FAMILY}]\n" + "\n".join(lines) + "\n")
    for name, (cap, body) in JOBS.items():
        (folder / f"{name}.py").write_text(HEAD.format(cap=cap) + body + "\n")
    return folder


def forget_members() -> None:
    registry._installed.cache_clear()
    family.jobs.cache_clear()
    for name in JOBS:
        sys.modules.pop(name, None)


def workplace(store: Store, home: Path, url: str) -> Workplace:
    snapshots = SnapshotFolder(home / "snapshots")
    current = CompanyNow(store, snapshots, lambda: NOW)
    return Workplace(Settings(home, url), Configuration(), store, snapshots, current, lambda: NOW)


def asked(store: Store, job: str, **said: Any) -> str:
    with store.transaction() as books:
        return ask_for(books, job, said, "person:ana", NOW, name=f"{job}-1").id


def run_of(store: Store, name: str) -> Run:
    with store.reading() as books:
        found = run_named(books, name)
    assert found is not None
    return replace(found)


def effect_of(store: Store, name: str) -> dict[str, Any] | None:
    with store.reading() as books:
        found = books.entry("effect", name)
    return dict(found.body) if found else None


def eventually(true: Callable[[], Any], within_s: float = 20.0) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.05)
    return False


def started(home: Path, url: str, probes: Path, lease_s: int) -> subprocess.Popen[bytes]:
    """A worker in a process of its own."""
    environment = dict(os.environ) | {
        "EVENSTOCK_HOME": str(home),
        "EVENSTOCK_DATABASE": url,
        "PYTHONPATH": str(probes),
    }
    return subprocess.Popen([sys.executable, "-c", WORKER, str(lease_s)], env=environment)
