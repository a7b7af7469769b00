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
    note = f"kernels are compiled at installation; where they are not, the first run takes {first:.1f} s, compiling included"
    report("spine", {"demo_wall_s": second}, [note])


if __name__ == "__main__":
    main()
