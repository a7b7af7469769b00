"""Decides recorded decisions again in this process as its environment has it: `python -m tests.reliability.replay_here URL SNAPSHOTS [CORES]`.

Sets the locale that the environment names, holds itself to so many cores, and prints as JSON what came out and under which
circumstances, so that whoever asked can see that they were those that he asked for.
"""

from __future__ import annotations

import json
import locale
import os
import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

ENVIRONMENTS: tuple[dict[str, str], ...] = (
    {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC", "NUMBA_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "cores": "1"},
    {"PYTHONHASHSEED": "4711", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kolkata", "NUMBA_NUM_THREADS": "2", "POLARS_MAX_THREADS": "2", "cores": "2"},
    {"PYTHONHASHSEED": "1", "LC_ALL": "de_DE.UTF-8", "TZ": "Pacific/Apia", "NUMBA_NUM_THREADS": "2", "POLARS_MAX_THREADS": "1", "cores": "1"},
    {"PYTHONHASHSEED": "987654321", "LC_ALL": "C", "TZ": "America/St_Johns", "NUMBA_NUM_THREADS": "1", "POLARS_MAX_THREADS": "2", "cores": "2"},
)  # fmt: skip
"""Hash seed, locale, time zone, threads and cores of a process each."""


def made_locales(folder: Path) -> dict[str, str]:
    """Turkish and German locales, compiled where this machine can; the variable that tells programs where they lie."""
    compiler = shutil.which("localedef")
    for name in ("tr_TR", "de_DE"):
        if compiler is not None:
            asked = [compiler, "-i", name, "-f", "UTF-8", str(folder / f"{name}.UTF-8")]
            subprocess.run(asked, check=False, capture_output=True)
    return {"LOCPATH": str(folder)} if any(folder.iterdir()) else {}


def elsewhere(url: str, snapshots: Path, environment: dict[str, str], more: dict[str, str]) -> subprocess.Popen[str]:
    """A process of its own in that environment, and in no other of this one's."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH", "VIRTUAL_ENV") if name in os.environ}
    cores = environment["cores"]
    given = {name: text for name, text in environment.items() if name != "cores"}
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.reliability.replay_here", url, str(snapshots), cores],
        env=kept | given | more, cwd=root, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def main() -> None:
    url, snapshots, cores = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    try:
        here = locale.setlocale(locale.LC_ALL, "")
    except locale.Error:
        here = f"{os.environ.get('LC_ALL')} is not installed"
    time.tzset()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:cores]))
    # Only now: what these libraries read of the environment they read as they are loaded.
    from evenstock.operations.replaying.replay_many import parts_of, replay_many, replaying
    from evenstock.storage import open_store
    from evenstock.storage.snapshots import SnapshotFolder

    store = open_store(url)
    began = time.process_time()
    found = replay_many(parts_of(store), replaying(SnapshotFolder(snapshots)))
    store.close()
    noon = datetime(2026, 7, 1, 12).astimezone()
    said: dict[str, Any] = {
        "replayed": found.replayed,
        "equal": found.equal,
        "unequal": [[one.decision, one.difference] for one in found.named],
        "missing": dict(found.missing),
        "cpu_s": time.process_time() - began,
        "locale": here,
        "number": locale.format_string("%.1f", 1234.5, grouping=True),
        "offset": noon.strftime("%z"),
        "hash": hash("evenstock"),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
