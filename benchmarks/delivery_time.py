"""Delivery time on real scans (Olist): how good the learned days are, beside peers, with only what was known at the time.

`python -m benchmarks.delivery_time` prints and keeps the figures. Days are whole calendar days from the day of carrier
hand-over to the day of delivery. The headline is rolling: each test parcel is foretold on the morning of its hand-over,
by a model that saw what was scanned until the evening before, as the nightly run does; parcels then under way are
censored. Settings were chosen on the two windows before the one that is reported (`earlier` prints them).
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from benchmarks.harness import clock, report, shared_data

from evenstock.distributions import day_table
from evenstock.freight import transit

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
WINDOW = 1525
EPOCH = date(1970, 1, 1)
STATE_LEAN = 20
"""Parcels by which the peer's state pair leans on all."""
Floats = npt.NDArray[np.float64]


def parcels(folder: Path) -> pl.DataFrame:
    """Delivered orders as `tables.Deliveries`, by hand-over, with the two states beside; the first item's seller sends."""
    orders = pl.read_parquet(folder / "orders_union.parquet").unique("order_id", keep="first", maintain_order=True)
    items = pl.read_parquet(folder / "order_items_union.parquet").sort("order_id", "order_item_id")
    sellers = pl.read_csv(
        folder / "olist_sellers_dataset.csv.gz", schema_overrides={"seller_zip_code_prefix": pl.String}
    )
    customers = pl.read_parquet(folder / "customers_union.parquet").unique("customer_id", maintain_order=True)
    utc = [
        pl.col(c).dt.cast_time_unit("us").dt.replace_time_zone("UTC")
        for c in ("order_delivered_carrier_date", "order_delivered_customer_date")
    ]
    return (
        orders.filter(pl.col("order_status") == "delivered")
        .join(items.group_by("order_id", maintain_order=True).agg(pl.col("seller_id").first()), on="order_id")
        .join(customers, on="customer_id")
        .join(sellers, on="seller_id")
        .select(
            parcel="order_id",
            service=pl.lit("olist:standard"),
            origin=pl.lit(""),
            # 1,027 sellers' codes lost their leading zero.
            origin_postal_code=pl.col("seller_zip_code_prefix").str.zfill(5),
            destination_postal_code="customer_zip_code_prefix",
            shipped_at=utc[0],
            delivered_at=utc[1],
            promised_on=pl.col("order_estimated_delivery_date").dt.date(),
            states=pl.col("seller_state") + " " + pl.col("customer_state"),
        )
        .drop_nulls(["shipped_at", "delivered_at"])
        .sort("shipped_at", maintain_order=True)
    )


def places(folder: Path) -> dict[str, tuple[float, float]]:
    """Median position of each three-figure postal area; two points lie outside Brazil."""
    points = pl.read_parquet(folder / "geolocation.parquet").select(
        area=pl.col("geolocation_zip_code_prefix").str.slice(0, 3),
        latitude=pl.col("geolocation_lat").cast(pl.Float64),
        longitude=pl.col("geolocation_lng").cast(pl.Float64),
    )
    inside = pl.col("latitude").is_between(-34, 6) & pl.col("longitude").is_between(-74, -34)
    middle = points.filter(inside).group_by("area").agg(pl.col("latitude", "longitude").median()).sort("area")
    return {name: (latitude, longitude) for name, latitude, longitude in middle.iter_rows()}


def days(frame: pl.DataFrame, last: str = "delivered_at") -> npt.NDArray[np.int64]:
    end = pl.col(last) if last == "promised_on" else pl.col(last).dt.date()
    return frame.select((end - pl.col("shipped_at").dt.date()).dt.total_days()).to_series().to_numpy()


def foretell(
    frame: pl.DataFrame, first: int, last: int, where: dict[str, tuple[float, float]], every: int | None, **how: float
) -> Floats:
    """Shares of days of parcels first to last; learned once before the first (None), or anew every so many days."""
    tested = frame[first:last]
    handed = tested["shipped_at"].dt.date().to_numpy().astype(np.int64)
    begin = int(handed[0])
    said = np.zeros((tested.height, transit.LONGEST_DAYS + 1))
    mornings = [begin] if every is None else range(begin, int(handed[-1]) + 1, every)
    for morning in mornings:
        rows = np.flatnonzero((handed >= morning) & (handed < (10**6 if every is None else morning + every)))
        if not rows.size:
            continue
        model = transit.learn(transit.read(frame, EPOCH + timedelta(days=int(morning))), places=where, **how)
        said[rows] = model.shares(
            ["olist:standard"] * rows.size,
            tested["origin_postal_code"][rows].to_list(),
            tested["destination_postal_code"][rows].to_list(),
            (handed[rows] + 3) % 7,
        )
    return said


def knowing_every_outcome(frame: pl.DataFrame, first: int, last: int, where: dict[str, tuple[float, float]]) -> Floats:
    """Learned once, with the outcome of every parcel handed over before the first: more than anybody knew then."""
    split = frame["shipped_at"][first].date()
    scans = replace(transit.read(frame[:first], split + timedelta(days=365)), as_of=split)
    tested = frame[first:last]
    return transit.learn(scans, places=where).shares(
        ["olist:standard"] * tested.height,
        tested["origin_postal_code"].to_list(),
        tested["destination_postal_code"].to_list(),
        (tested["shipped_at"].dt.weekday() - 1).to_numpy(),
    )


def pinball(actual: npt.NDArray[np.int64], said: Floats) -> Floats:
    """Loss in days by row and level."""
    over = actual[:, None] - said
    return np.maximum(np.array(LEVELS) * over, (np.array(LEVELS) - 1) * over)


def peers(frame: pl.DataFrame, first: int, last: int) -> dict[str, Floats]:
    """Quantiles of all past days, and of the pair of states drawn to them; both know every outcome before the split."""
    took, states = days(frame), frame["states"].to_numpy()
    everyone = np.quantile(took[:first], LEVELS)
    pair = np.empty((last - first, len(LEVELS)))
    for name in np.unique(states[first:last]):
        own = took[:first][states[:first] == name]
        q = np.quantile(own, LEVELS) if own.size else everyone
        pair[states[first:last] == name] = (own.size * q + STATE_LEAN * everyone) / (own.size + STATE_LEAN)
    return {"all the past": np.broadcast_to(everyone, pair.shape), "state pair, shrunk": pair}


def score(took: npt.NDArray[np.int64], said: Floats) -> dict[str, float]:
    found = {
        "pinball": float(pinball(took, said).mean()),
        "median_mae": float(np.abs(took - said[:, 3]).mean()),
        "share_below_median": float((took <= said[:, 3]).mean()),
    }
    return found | {f"below_{round(100 * u)}": float((took <= said[:, k]).mean()) for k, u in enumerate(LEVELS)}


def lateness(frame: pl.DataFrame, share: Floats, first: int, last: int) -> list[str]:
    """P(late | promise) against what happened; a promise of the past counts as late for sure."""
    took, promised = days(frame)[first:last], days(frame, "promised_on")[first:last]
    late = took > promised
    foretold = np.array([transit.late_probabilities(s, p) for s, p in zip(share, promised, strict=True)])
    brier, usual = float(np.mean((foretold - late) ** 2)), float(late.mean())
    lines = [f"late against the promise: foretold {foretold.mean():.3f}, happened {usual:.3f}"]
    lines += [f"  Brier {brier:.4f}, of the mean alone {usual * (1 - usual):.4f}"]
    lines += [
        f"  said {low:.2f} to {high:.2f}: {n:,} parcels, foretold {said:.3f}, late {came:.3f} [{a:.3f}, {b:.3f}]"
        for low, high, n, said, came, a, b, _ in transit.calibration(foretold, late).iter_rows()
    ]
    return lines


def line(name: str, found: dict[str, float]) -> str:
    return (
        f"{name}: pinball {found['pinball']:.3f} days, median off by {found['median_mae']:.2f}, at or below the 5, 25, 50, "
        f"75, 95, 99 % quantile: " + ", ".join(f"{found[f'below_{k}']:.3f}" for k in (5, 25, 50, 75, 95, 99))
    )


def window(
    frame: pl.DataFrame, first: int, where: dict[str, tuple[float, float]]
) -> tuple[dict[str, float], list[str]]:
    """Every method on the window that begins with a parcel; the figures of ours, rolling, and a line each."""
    last = first + WINDOW
    took = days(frame)[first:last]
    with clock() as rolling:
        share = foretell(frame, first, last, where, 1)
    ours = score(took, day_table.quantiles(share, LEVELS))
    nights = (frame["shipped_at"][last - 1].date() - frame["shipped_at"][first].date()).days + 1
    once = day_table.quantiles(foretell(frame, first, last, where, None), LEVELS)
    told = day_table.quantiles(knowing_every_outcome(frame, first, last, where), LEVELS)
    promise = days(frame, "promised_on")[first:last]
    notes = [
        f"{last - first:,} parcels handed over {frame['shipped_at'][first].date()} to {frame['shipped_at'][last - 1].date()}",
        line("rolling, learned each night", ours) + f"; {rolling.cpu_s / nights:.2f} CPU-s a night",
        line("learned once at the split", score(took, once)),
        line("learned once, every outcome before the split known", score(took, told)),
        *(line(f"peer, {name}", score(took, said)) for name, said in peers(frame, first, last).items()),
        f"peer, the promise: off by {np.abs(took - promise).mean():.2f}, late {np.mean(took > promise):.3f}",
        *lateness(frame, share, first, last),
    ]
    return ours, notes


def main() -> None:
    folder = shared_data("olist")
    if folder is None:
        return
    frame, where = parcels(folder), places(folder)
    # Delivered before hand-over: three rows, which nothing is learned from; they are tested like the others.
    if "earlier" in sys.argv[1:]:
        for back in (3, 2):
            print("\n".join(window(frame, frame.height - back * WINDOW, where)[1]))
        return
    found, notes = window(frame, frame.height - WINDOW, where)
    report(
        "forecasting",
        {"delivery_pinball": found["pinball"], "delivery_share_below_median": found["share_below_median"]},
        ["Olist, whole days from hand-over to delivery; the keys are the rolling figures", *notes],
    )


if __name__ == "__main__":
    main()
