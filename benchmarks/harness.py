"""Prints a benchmark's figures with the machine's state, and keeps them beside the code."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"


@dataclass
class Clock:
    """CPU and wall seconds of the block it timed, this process and its children."""

    cpu_s: float = 0.0
    wall_s: float = 0.0


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


@contextmanager
def clock() -> Iterator[Clock]:
    reading = Clock()
    cpu, wall = _cpu(), time.perf_counter()
    yield reading
    reading.cpu_s, reading.wall_s = _cpu() - cpu, time.perf_counter() - wall


def peak_rss_gb() -> float:
    """Largest resident set this process had, in GB (10^9 bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def shared_data(folder: str) -> Path | None:
    """The real data set `folder` beside the checkout, or None with one clear sentence."""
    base = Path(os.environ.get("EVENSTOCK_SHARED", ROOT.parent / "shared"))
    path = base / "data" / folder
    if path.is_dir():
        return path
    print(
        f"skipped: the real data set '{folder}' is not here; set EVENSTOCK_SHARED to the folder that holds data/{folder}"
    )
    return None


def _commit() -> str:
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "unknown"


def report(name: str, figures: Mapping[str, float | int | str], notes: Sequence[str] = ()) -> None:
    """Print the figures and merge them into `benchmarks/results/<name>.json`, flat, with machine, commit and load."""
    width = max(len(key) for key in figures)
    print(f"\n{name}")
    for key, value in figures.items():
        print(f"  {key:<{width}}  {value:,.4g}" if isinstance(value, float) else f"  {key:<{width}}  {value}")
    for note in notes:
        print(f"  {note}")
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    load = [round(x, 2) for x in os.getloadavg()]
    print(f"  [{machine}, load {load}, commit {_commit()}]")
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept |= {k: round(v, 6) if isinstance(v, float) else v for k, v in figures.items()}
    kept |= {"machine": machine, "load": load, "commit": _commit()}
    path.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
