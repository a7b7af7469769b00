"""How often stock is moved between nodes."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenstock.operations.kpis.evidence import Evidence
from evenstock.operations.kpis.figure import frame

NAME: Final = "transfer_frequency"
TITLE: Final = "Transfer frequency"
DEFINITION: Final = "Transfers dispatched a week"
SOURCE: Final = "transfers: dispatched_on"
UNIT: Final = "transfers a week"
RATIO: Final = False


def rows(told: Evidence) -> pl.DataFrame:
    found = [
        {"key": str(one.id), "nodes": sorted((str(one.origin), str(one.destination))), "part": 1, "whole": 0,
         "transfer": str(one.id), "origin": str(one.origin), "destination": str(one.destination),
         "dispatched_on": one.dispatched_on, "units": sum(int(line.dispatched) for line in one.lines)}
        for one in told.transfers
        if one.dispatched_on is not None and told.within(one.dispatched_on)
    ]  # fmt: skip
    text = dict.fromkeys(("transfer", "origin", "destination"), pl.String)
    return frame(found, {**text, "dispatched_on": pl.Date, "units": pl.Int64})


def scale(told: Evidence) -> float:
    return 7.0 / told.days
