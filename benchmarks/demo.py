"""How long a newcomer waits for `evenstock demo` after installation, which compiles the kernels; and without that."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import clock, report


def run(home: Path, cache: Path) -> float:
    environment = os.environ | {"EVENSTOCK_HOME": str(home), "NUMBA_CACHE_DIR": str(cache)}
    with clock() as reading:
        subprocess.run(
            [sys.executable, "-m", "evenstock", "demo", "--report", str(home / "report.html")],
            env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    return reading.wall_s


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        first = run(Path(folder) / "first", Path(folder) / "cache")
        second = run(Path(folder) / "second", Path(folder) / "cache")
    report(
        "spine",
        {"demo_wall_s": first},
        [f"first run, compiling: {first:.1f} s; with compiled kernels cached: {second:.1f} s"],
    )


if __name__ == "__main__":
    main()
