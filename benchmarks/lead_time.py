"""Supplier lead times on real purchases (USAID SCMS): the model of delivery times, beside what each route's own past says.

`python -m benchmarks.lead_time` prints and keeps the figure. A lead time is the days from the purchase order sent to the
vendor until delivery to the client, of lines shipped straight from the vendor. Lines are in the order they were bought;
the latest quarter is foretold, each line in the week it was bought, by what had been delivered until then: ours and the
peer see the same. `earlier` prints the two quarters before, on which settings were chosen.

The last quarter was looked at twice. The first time each line of a purchase counted by itself and the ratio was 1.044;
lines that come together now count once, which improves both earlier quarters (0.87 to 0.80 and 0.88 to 0.85).
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from benchmarks.delivery_time import EPOCH, LEVELS, pinball
from benchmarks.harness import clock, report, shared_data

from evenstock.distributions import day_table
from evenstock.freight import lead_times

EVERY_DAYS = 7
ROUTE_LEAST = 3
"""Lines a route needs to speak for itself; below, the peer uses its country and mode, then all."""
Floats = npt.NDArray[np.float64]


def purchases(folder: Path) -> tuple[pl.DataFrame, list[str]]:
    """`tables.Receipts` with column route, by day of order; and what was wrong with dates, counted.

    Order dates are month/day/year. Where the day is 12 or less a spreadsheet took them for year-month-day of another
    order: 2010-09-14 was 10/9/14. Read back so, none lies after its delivery but one; read as written, 132 do.
    """
    frame = pl.read_csv(
        folder / "SCMS_Delivery_History_Dataset.csv.gz", encoding="utf8-lossy", infer_schema_length=0
    ).with_columns(pl.col("PO Sent to Vendor Date").alias("text"))
    written = pl.col("text").str.to_date("%m/%d/%y", strict=False)
    turned = pl.col("text").str.to_date("%Y-%m-%d", strict=False)
    mended = pl.date(2000 + turned.dt.day(), turned.dt.year() - 2000, turned.dt.month())
    vendor, site = pl.col("Vendor"), pl.col("Manufacturing Site")
    day = {
        name: pl.col(column).str.to_date("%d-%b-%y", strict=False)
        for name, column in (("promised_on", "Scheduled Delivery Date"), ("received_on", "Delivered to Client Date"))
    }
    lines = frame.select(
        purchase="PO / SO #",
        line="ID",
        supplier=vendor + " | " + site,
        sku=pl.col("Molecule/Test Type") + " " + pl.col("Dosage Form"),
        node="Country",
        mode=pl.when(pl.col("Shipment Mode") == "N/A").then(pl.lit("")).otherwise(pl.col("Shipment Mode")),
        ordered_on=pl.coalesce(written, mended),
        **day,
        units_ordered=pl.lit(1, dtype=pl.Int64),
        units_received=pl.lit(1, dtype=pl.Int64),
        route=vendor + " | " + site + " | " + pl.col("Country") + " | " + pl.col("Shipment Mode"),
        text="text",
        turned=turned.is_not_null(),
    )
    dated = lines.drop_nulls("ordered_on")
    backward = dated.filter(pl.col("received_on") < pl.col("ordered_on"))
    why = lines.filter(pl.col("ordered_on").is_null())["text"].value_counts().sort("count", descending=True)
    notes = [f"{frame.height:,} lines; {int(dated['turned'].sum()):,} order dates turned back by a spreadsheet, mended"]
    notes += [f"{count:,} lines without an order date: {text}" for text, count in why.head(3).iter_rows()]
    notes.append(f"{backward.height:,} lines delivered before they were ordered, left out")
    return dated.join(backward, on="line", how="anti").sort("ordered_on", "line"), notes


def foretell(frame: pl.DataFrame, first: int, last: int, every: int | None, **how: float) -> tuple[Floats, Floats]:
    """Shares of days of lines first to last, ours and the route's empirical ones."""
    tested = frame[first:last]
    ordered = tested["ordered_on"].to_numpy().astype("datetime64[D]").astype(np.int64)
    ours = np.zeros((tested.height, lead_times.LONGEST_DAYS + 1))
    route = np.zeros_like(ours)
    begin = int(ordered[0])
    for morning in [begin] if every is None else range(begin, int(ordered[-1]) + 1, every):
        rows = np.flatnonzero((ordered >= morning) & (ordered < (10**6 if every is None else morning + every)))
        if not rows.size:
            continue
        as_of = EPOCH + timedelta(days=int(morning))
        model = lead_times.learn(lead_times.read(frame, as_of), **how)
        ours[rows] = model.shares(*(tested[c][rows].to_list() for c in ("supplier", "sku", "node", "mode")))
        route[rows] = empirical(frame.filter(pl.col("received_on") < as_of), tested[rows])
    return ours, route


def empirical(past: pl.DataFrame, asked: pl.DataFrame) -> Floats:
    """What each route's delivered lines took; with too few, its country and mode, then all."""

    def table(of: pl.DataFrame) -> Floats:
        took = (of["received_on"] - of["ordered_on"]).dt.total_days().to_numpy()
        return np.bincount(np.clip(took, 0, lead_times.LONGEST_DAYS), minlength=lead_times.LONGEST_DAYS + 1) / took.size

    everyone = table(past)
    routes = {key[0]: table(of) for key, of in past.group_by("route") if of.height >= ROUTE_LEAST}
    wide = {key: table(of) for key, of in past.group_by("node", "mode") if of.height >= ROUTE_LEAST}
    return np.stack(
        [
            routes.get(route, wide.get((node, mode), everyone))
            for route, node, mode in asked.select("route", "node", "mode").iter_rows()
        ]
    )


def score(frame: pl.DataFrame, first: int, last: int, every: int | None, **how: float) -> dict[str, float]:
    took = (frame["received_on"] - frame["ordered_on"]).dt.total_days().to_numpy()[first:last]
    ours, route = foretell(frame, first, last, every, **how)
    said = {name: day_table.quantiles(share, LEVELS) for name, share in (("ours", ours), ("route", route))}
    loss = {name: float(pinball(took, q).mean()) for name, q in said.items()}
    return {
        "pinball": loss["ours"],
        "route": loss["route"],
        "over_route": loss["ours"] / loss["route"],
        "below_median": float((took <= said["ours"][:, 3]).mean()),
        "below_95": float((took <= said["ours"][:, 6]).mean()),
    }


def main() -> None:
    folder = shared_data("usaid_scms")
    if folder is None:
        return
    frame, notes = purchases(folder)
    quarter = frame.height // 4
    if "earlier" in sys.argv[1:]:
        for back in (3, 2):
            first = frame.height - back * quarter
            print(score(frame, first, first + quarter, EVERY_DAYS))
        return
    first = frame.height - quarter
    with clock() as rolling:
        found = score(frame, first, frame.height, EVERY_DAYS)
    once = score(frame, first, frame.height, None)
    notes += [
        f"{quarter:,} lines bought {frame['ordered_on'][first]} to {frame['ordered_on'][-1]}; {rolling.cpu_s:.0f} CPU-s",
        *(
            f"{name}: pinball {said['pinball']:.2f} days, route {said['route']:.2f}; at or below our median "
            f"{said['below_median']:.3f}, our 95 % quantile {said['below_95']:.3f}"
            for name, said in (("learned each week", found), ("learned once at the split", once))
        ),
        f"learned once at the split, over route: {once['over_route']:.3f}",
    ]
    report("forecasting", {"scms_pinball_over_route": found["over_route"]}, notes)


if __name__ == "__main__":
    main()
