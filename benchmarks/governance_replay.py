"""Ten thousand recorded decisions of every kind decided again, in processes of other hash seeds, locales, time zones and cores.

The books are those of `tests/reliability/replayed_world.py`. Each environment is a process of its own that decides all of them;
the speed is that of `evenstock replay --all --processes 2`, from the start of its processes to the last comparison.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from benchmarks.harness import clock, report
from tests.reliability.replay_here import ENVIRONMENTS, elsewhere, made_locales
from tests.reliability.replayed_world import live

from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.replaying.replay_many import parts_of, replay_many, replaying
from evenstock.simulation.replay_in_processes import in_processes
from evenstock.storage import open_store
from evenstock.storage.snapshots import SnapshotFolder

A_PIECE = 0.56
"""Orders for each decision: what happens to an order afterwards is decided, too."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=10_000)
    parser.add_argument("--short", action="store_true", help="a twentieth of them, and nothing is kept")
    options = parser.parse_args()
    wanted = options.decisions // 20 if options.short else options.decisions
    with tempfile.TemporaryDirectory() as place:
        here = Path(place)
        url, folder = f"sqlite:///{here / 'books.db'}", here / "snapshots"
        store, snapshots = AuditedStore(open_store(url)), SnapshotFolder(folder)
        with clock() as made:
            kinds = live(store, snapshots, round(A_PIECE * wanted))
        began = time.perf_counter()
        with clock() as spent:
            found = replay_many(parts_of(store), replaying(snapshots), in_processes(2, folder))
        wall_s = time.perf_counter() - began
        print(f"  {found.replayed:,} decided again in {wall_s:.1f} s", flush=True)
        (here / "locales").mkdir()
        more = made_locales(here / "locales")
        told, unequal = [], 0
        for environment in ENVIRONMENTS:
            # One at a time: none takes the processor from another.
            one = json.loads(elsewhere(url, folder, environment, more).communicate()[0])
            told.append(one)
            unequal += len(one["unequal"]) + sum(one["missing"].values())
        count = told[0]["replayed"]
        assert all(one["replayed"] == count for one in told), "every process decides all of them"
        assert count == found.replayed
        assert count >= wanted, f"{count} decisions were recorded, of {wanted}: more orders are needed"
        store.close()
    unequal += found.unequal + sum(found.missing.values())
    figures = {"replay_per_s": found.replayed / wall_s, "replay_unequal": unequal}
    notes = [
        f"{count:,} decisions from {made.cpu_s:.0f} s of CPU: "
        + ", ".join(f"{n:,} {kind}" for kind, n in kinds.items()),
        f"two processes, must 500 a second, aim 2,000: {wall_s:.1f} s by the wall, {spent.cpu_s:.1f} s of CPU",
        *(
            f"{one['replayed']:,} in {one['cpu_s']:.1f} s of CPU: {one['unequal'] or 'all equal'};"
            f" hash seed {environment['PYTHONHASHSEED']}, {one['locale']}, {environment['TZ']}, {one['cores']} cores"
            for one, environment in zip(told, ENVIRONMENTS, strict=True)
        ),
    ]
    if options.short:
        print(figures, *notes, sep="\n")
    else:
        report("governance", figures, notes)


if __name__ == "__main__":
    main()
