"""Writes the example network `dtc-3-node` anew; the same call gives the same files."""

from datetime import date
from pathlib import Path

from evenstock.connectors.files import write_folder
from evenstock.simulation.world import make_world

if __name__ == "__main__":
    world = make_world(seed=3, nodes=3, skus=30, days=120, orders_per_day=40, as_of=date(2026, 11, 20))
    write_folder(world.frames, Path(__file__).parent / "dtc-3-node", format="csv")
