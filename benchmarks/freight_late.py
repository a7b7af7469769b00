"""Late or not, foretold and happened, on real deliveries: Olist's parcels and USAID's shipments.

`python -m benchmarks.freight_late` prints and keeps the figures; `earlier` prints the two windows before, on which every
choice was made; `plot FILE` writes the reliability plot (SVG) of Olist's latest quarter as well.

Olist: late is delivered on a day after the promised one, both as calendar days. The latest quarter of parcels by
hand-over (the test window of `delivery_time`) is foretold, each parcel on the morning of its hand-over, by what was
scanned until the evening before. Beside ours stand, with the same knowledge:

- the promise: the share late of all parcels whose promised day had passed, one number for every parcel;
- the route table: the share late of the pair of states, drawn to that number as if by 20 parcels; of the last 90 days too;
- the route's days: the share of the pair's delivered parcels that took longer than this promise leaves.

`brier_ratio` is ours over the best of the route's tables; `brier_ratio_still_open` leaves out parcels that were handed over
after their promised day, which ours knows to be late and a route's share does not. The same again at the time of the order, where the seller's days
are still to come. Intervals draw whole blocks of five days, ours and theirs together.

USAID: late is delivered to the client after the scheduled day. Lines are in order of that day; the latest quarter is
foretold four weeks before, by what was due until then, with the scorecard's own nested shares (fulfilment, mode, country,
vendor); the route table is fulfilment, mode and country. Lines of one delivery note move together and are a block.

Calibrating ours again by a logistic fit on recent weeks was tried on the earlier windows: it lost 2 to 4 % on both.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from benchmarks import delivery_time
from benchmarks.harness import clock, report, shared_data

from evenstock.cli.carriers.plots import reliability
from evenstock.freight import transit
from evenstock.freight.scorecard import nested_shares
from evenstock.learning.paired_bootstrap import Ratio, loss_ratio

BLOCK_DAYS = 5
STATE_LEAN = 20.0
LATELY_DAYS = 90
SCMS_AHEAD_DAYS = 28
SCMS_HALF_LIFE_DAYS = 365.0
ROUTE_LEAST = 10
"""Due lines a route of USAID needs to speak for itself."""
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """What each way said of the parcels of a window, and what happened."""

    name: str
    late: npt.NDArray[np.bool_]
    ours: Floats
    others: dict[str, Floats]
    block: Ints
    open_: npt.NDArray[np.bool_]
    """Where the promised day had not passed when it was foretold: the others are late for sure, and ours knows it."""

    def brier(self, said: Floats) -> Floats:
        return (said - self.late) ** 2

    def against(self, other: str, *, still_open: bool = False) -> Ratio:
        rows = self.open_ if still_open else np.ones_like(self.open_)
        ours, theirs = (self.brier(said)[rows] for said in (self.ours, self.others[other]))
        return loss_ratio(ours, theirs, self.block[rows], seed=6)

    @property
    def best_route(self) -> str:
        routes = [name for name in self.others if name.startswith("route")]
        return min(routes, key=lambda name: float(self.brier(self.others[name]).mean()))

    def lines(self) -> list[str]:
        found = [
            (
                f"{self.name}: {self.late.size:,} foretold, late {self.late.mean():.3f}, ours says {self.ours.mean():.3f}, "
                f"Brier {self.brier(self.ours).mean():.5f}"
            )
        ]
        for name, said in self.others.items():
            r, still = self.against(name), self.against(name, still_open=True)
            found.append(
                f"  {name}: Brier {self.brier(said).mean():.5f}, says {said.mean():.3f}; ours over it {r.ratio:.3f} "
                f"[{r.low:.3f}, {r.high:.3f}], {r.blocks} blocks; without the {int((~self.open_).sum())} late for sure "
                f"{still.ratio:.3f} [{still.low:.3f}, {still.high:.3f}]"
            )
        return found + [
            f"  said {low:.2f} to {high:.2f}: {n:,}, foretold {said:.3f}, late {came:.3f} [{a:.3f}, {b:.3f}]"
            for low, high, n, said, came, a, b, _ in transit.calibration(self.ours, self.late).iter_rows()
        ]


def at_order_time(folder: Path) -> pl.DataFrame:
    """Olist's deliveries with the order's moment in place of the hand-over."""
    orders = pl.read_parquet(folder / "orders_union.parquet").unique("order_id", keep="first", maintain_order=True)
    placed = orders.select(
        parcel="order_id",
        placed=pl.col("order_purchase_timestamp").dt.cast_time_unit("us").dt.replace_time_zone("UTC"),
    )
    frame = delivery_time.parcels(folder).join(placed, on="parcel", how="left", maintain_order="left")
    return frame.with_columns(shipped_at="placed").drop("placed").sort("shipped_at", maintain_order=True)


def olist(
    frame: pl.DataFrame,
    first: int,
    where: dict[str, tuple[float, float]],
    name: str,
    *,
    count: int = delivery_time.WINDOW,
    every: int = 1,
) -> Window:
    """So many parcels from number first on; what they are foretold by is learned anew every so many mornings."""
    last = first + count
    took, promised = delivery_time.days(frame), delivery_time.days(frame, "promised_on")
    share = delivery_time.foretell(frame, first, last, where, every)
    ours = [float(transit.late_probabilities(s, p)) for s, p in zip(share, promised[first:last], strict=True)]
    handed = frame["shipped_at"].dt.date().to_numpy().astype(np.int64)
    _, states = np.unique(frame["states"].to_numpy(), return_inverse=True)
    others: dict[str, list[float]] = {"promise": [], "route": [], "route, last 90 days": [], "route's days": []}
    for row in range(first, last):
        morning, pair = handed[row], states == states[row]
        due, came = handed + promised < morning, (handed + took < morning) & (handed < morning)
        lately = due & (handed + promised >= morning - LATELY_DAYS)
        usual = float((took > promised)[due].mean())
        others["promise"].append(usual)
        others["route"].append(drawn((took > promised)[due & pair], usual))
        others["route, last 90 days"].append(drawn((took > promised)[lately & pair], (took > promised)[lately].mean()))
        longer = took > promised[row]
        others["route's days"].append(drawn(longer[came & pair], longer[came].mean()))
    late = (took > promised)[first:last]
    block = (handed[first:last] - handed[first]) // BLOCK_DAYS
    return Window(
        name,
        late,
        np.array(ours),
        {key: np.array(said) for key, said in others.items()},
        block,
        (promised >= 0)[first:last],
    )


def drawn(own: npt.NDArray[np.bool_], usual: float) -> float:
    return (float(own.sum()) + STATE_LEAN * usual) / (own.size + STATE_LEAN)


def scms_lines(folder: Path) -> pl.DataFrame:
    """USAID's lines by scheduled day; freight and weight of many are words and stay out."""
    frame = pl.read_csv(folder / "SCMS_Delivery_History_Dataset.csv.gz", encoding="utf8-lossy", infer_schema_length=0)
    day = {
        name: pl.col(column).str.to_date("%d-%b-%y")
        for name, column in (("due_on", "Scheduled Delivery Date"), ("came_on", "Delivered to Client Date"))
    }
    return frame.select(
        *(pl.col(c).alias(n) for n, c in (("via", "Fulfill Via"), ("mode", "Shipment Mode"), ("country", "Country"))),
        maker=pl.when(pl.col("Fulfill Via") == "From RDC").then(pl.col("Product Group")).otherwise(pl.col("Vendor")),
        note="ASN/DN #",
        line=pl.col("ID").cast(pl.Int64),
        **day,
    ).sort("due_on", "line")


def scms(frame: pl.DataFrame, first: int, last: int, name: str) -> Window:
    """Lines first to last, each foretold in the week that lies four weeks before its scheduled day."""
    due = frame["due_on"].to_numpy().astype("datetime64[D]").astype(np.int64)
    late = (frame["came_on"] > frame["due_on"]).to_numpy()
    note = np.unique(frame["note"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    names = ("via", "mode", "country", "maker")
    levels = [frame.select(pl.struct(names[: k + 1]).rank("dense"))[names[0]].to_numpy() - 1 for k in range(len(names))]
    levels = [level.astype(np.int64) for level in levels]
    ours, promise, route = (np.zeros(last - first) for _ in range(3))
    week = (due - SCMS_AHEAD_DAYS) // 7 * 7
    for morning in np.unique(week[first:last]):
        rows = np.flatnonzero(week[first:last] == morning)
        known = due < morning
        # Lines of one note tell one thing together.
        _, place, size = np.unique(note[known], return_inverse=True, return_counts=True)
        weight = 0.5 ** ((morning - due[known]) / SCMS_HALF_LIFE_DAYS) / size[place]
        cells = int(levels[-1].max()) + 1
        parent = [np.zeros(cells, np.int64) for _ in levels[:-1]]
        for of, level in zip(parent, levels, strict=False):
            of[levels[-1]] = level
        cases = np.bincount(levels[-1][known], weight, cells)
        yes = np.bincount(levels[-1][known], weight * late[known], cells)
        ours[rows] = nested_shares(yes, cases, parent).mean[levels[-1][first:last][rows]]
        usual = late[known].mean()
        n, k = np.bincount(levels[2][known], minlength=cells), np.bincount(levels[2][known], late[known], cells)
        table = np.where(n >= ROUTE_LEAST, k / np.maximum(n, 1), usual)
        promise[rows], route[rows] = usual, table[levels[2][first:last][rows]]
    return Window(
        name,
        late[first:last],
        ours,
        {"promise": promise, "route": route},
        note[first:last],
        np.ones(last - first, bool),
    )


def main() -> None:
    words = sys.argv[1:]
    folder, purchases = shared_data("olist"), shared_data("usaid_scms")
    if folder is None or purchases is None:
        return
    frame, ordered, where = delivery_time.parcels(folder), at_order_time(folder), delivery_time.places(folder)
    lines = scms_lines(purchases)
    quarter = lines.height // 4
    if "earlier" in words:
        for back in (3, 2):
            first = lines.height - back * quarter
            windows = [
                olist(frame, frame.height - back * delivery_time.WINDOW, where, f"Olist, {back} windows back"),
                scms(lines, first, first + quarter, f"USAID, {back} quarters back"),
            ]
            print("\n".join(line for window in windows for line in window.lines()))
        return
    with clock() as taken:
        ours = olist(frame, frame.height - delivery_time.WINDOW, where, "Olist, latest quarter, at hand-over")
    earlier = olist(ordered, ordered.height - delivery_time.WINDOW, where, "Olist, latest quarter, at the order")
    theirs = scms(lines, lines.height - quarter, lines.height, "USAID, latest quarter, four weeks ahead")
    found, first = ours.against(ours.best_route), frame.height - delivery_time.WINDOW
    if "plot" in words:
        table = transit.calibration(ours.ours, ours.late)
        Path(words[words.index("plot") + 1]).write_text(reliability(table, "Olist, latest quarter: late"), "utf-8")
    report(
        "freight",
        {
            "brier_ratio": found.ratio,
            "brier_ratio_low": found.low,
            "brier_ratio_high": found.high,
            "brier_ratio_still_open": ours.against(ours.best_route, still_open=True).ratio,
            "brier_ratio_promise": ours.against("promise").ratio,
            "brier_ratio_at_order": earlier.against(earlier.best_route).ratio,
            "brier_ratio_scms": theirs.against("route").ratio,
        },
        [
            (
                f"Olist handed over {frame['shipped_at'][first].date()} to {frame['shipped_at'][-1].date()}; best of the "
                f"route's tables: {ours.best_route}; {taken.cpu_s:.0f} CPU-s"
            ),
            *(line for window in (ours, earlier, theirs) for line in window.lines()),
        ],
    )


if __name__ == "__main__":
    main()
