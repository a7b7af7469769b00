"""Installation uses every kernel of routing once, so that no first decision, night or replay waits for a compiler."""

import subprocess
import sys

USED = {
    "batch_kernel.decide_each", "batch_kernel.fill", "batch_kernel.taken", "confidence_kernel.least_by_scenario",
    "large_kernel.try_places", "mirror.run", "plans_kernel.best_plans", "split_kernel.every_split", "sweep_kernel.sweep",
    "terms_kernel.shipment_terms", "kernel.live",
}  # fmt: skip
"""Kernels that are called from Python in production."""

FRESH = """
import sys
import tempfile
from pathlib import Path
from numba.core.dispatcher import Dispatcher
from evenstock.cli.warm_routing import warm_routing
from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.operations.network import orders_from_frame
from evenstock.simulation.world import make_world
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

world = make_world(seed=1, nodes=4, skus=40, days=20, orders_per_day=60)
with tempfile.TemporaryDirectory() as folder:
    store, snapshots = MemoryStore(), SnapshotFolder(Path(folder))
    import_network(store, snapshots, world.frames, world.opens_at)
    company = Company.load(store, snapshots)
    warm_routing(company, orders_from_frame(company.table("orders")))
for name, module in sorted(sys.modules.items()):
    for thing in vars(module).values() if name.startswith("evenstock.") else ():
        if isinstance(thing, Dispatcher) and thing.py_func.__module__ == name:
            print(f"{name.rpartition('.')[2]}.{thing.py_func.__name__}", len(thing.signatures))
"""


def test_every_kernel_that_is_called_is_ready_after_it() -> None:
    said = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, check=True).stdout
    ready = {name: int(signatures) for name, signatures in (line.split() for line in said.splitlines())}

    assert ready.keys() >= USED
    assert [name for name in sorted(USED) if not ready[name]] == []
    # Prices in whole cents, and in fractions.
    assert ready["batch_kernel.decide_each"] == 2
