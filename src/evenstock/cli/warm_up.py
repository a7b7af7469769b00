"""`evenstock warm-up`: compile the kernels once, so that no first decision waits for it; part of installation."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from evenstock.bootstrap import open_workspace
from evenstock.cli.demo_day import run
from evenstock.cli.screen import page, progress
from evenstock.forecasting.scenarios import by_item
from evenstock.settings import Settings


def command() -> None:
    """Compile every kernel on a tiny brand and keep the machine code beside the package (or in NUMBA_CACHE_DIR)."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        place = Settings(Path(folder), f"sqlite:///{folder}/evenstock.db")
        with open_workspace(place) as opened, progress(quiet=True) as shown:
            found = run(opened, shown, seed=1, nodes=4, skus=40, days=1, orders_per_day=60)
        by_item(found.forecast.forecast, 10, n_paths=40, seed=1)
    page.print(f"kernels compiled in {time.perf_counter() - begun:.0f} s")
