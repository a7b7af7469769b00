"""`evenstock warm-up`: compile the kernels once, so that no first decision waits for it; part of installation."""

from __future__ import annotations

import compileall
import tempfile
import time
from pathlib import Path

import numpy as np

import evenstock
from evenstock.bootstrap import open_workspace
from evenstock.cli.demo_day import run
from evenstock.cli.screen import page, progress
from evenstock.cli.warm_routing import warm_routing
from evenstock.forecasting.scenarios import by_item
from evenstock.forecasting.sensing import Seen, shifts, thresholds
from evenstock.operations.network import orders_from_frame
from evenstock.operations.stock_levels import stock_levels
from evenstock.settings import Settings


def command() -> None:
    """Compile every kernel on a tiny brand and keep the machine code beside the package (or in NUMBA_CACHE_DIR); modules too."""
    begun = time.perf_counter()
    # Installers do so, but not of a checkout; without it every start compiles seven hundred modules anew.
    compileall.compile_dir(Path(evenstock.__file__).parent, quiet=2)
    with tempfile.TemporaryDirectory() as folder:
        place = Settings(Path(folder), f"sqlite:///{folder}/evenstock.db")
        with open_workspace(place) as opened, progress(quiet=True) as shown:
            found = run(opened, shown, seed=1, nodes=4, skus=40, days=1, orders_per_day=60)
            told = found.forecast.forecast
            stock_levels(opened.store, opened.snapshots, found.company, told, as_of=found.world.as_of, n_paths=16)
        warm_routing(found.company, orders_from_frame(found.world.frames["orders"]))
        by_item(told, 10, n_paths=40, seed=1)
        limits = thresholds(told, seed=1, n_paths=400)
        shifts(told, Seen.whole(np.full((told.keys.height, 7), 50)), limits, scope="series")
    page.print(f"kernels compiled in {time.perf_counter() - begun:.0f} s")
