"""Scores the forecasts that were really made against what was then sold; tells drift, and takes back a champion that fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.domain import Event
from evenstock.forecasting import DemandHistory, Drivers, Forecast, Trained, predict, scores, velocity
from evenstock.forecasting.gates import BOUNDS
from evenstock.forecasting.season import EVENT_DAYS
from evenstock.forecasting.spikes import cap_spikes
from evenstock.forecasting.told import daily_loss, sum_of
from evenstock.learning import ChampionRecord, LiveDay, LiveWindow, should_roll_back, within
from evenstock.learning.clustered import share_and_error
from evenstock.learning.drift import Drift, drifts
from evenstock.operations.company import Company
from evenstock.operations.demand_inputs import SUBJECT, demand_drivers, demand_history
from evenstock.operations.forecast_demand import read_forecast
from evenstock.operations.live_scores import DAYS, SUMS, by_day, daily_figures, read_log
from evenstock.operations.model_versions import champion_of, read_version
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.roll_back_forecast import roll_back_forecast

WINDOWS: Final = (7, 28)
"""Lengths of the sums whose coverage is watched, in days."""
LOOK_BACK_DAYS: Final = 60
"""Days behind today whose forecasts are scored, if they were not yet."""
LEAST_SERIES: Final = 10
"""Series a day in a group, on average, for its drift to be judged."""
ALL: Final = "all"
WATCH: Final = "evenstock watch"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Drifted:
    """One figure of one group of series that has moved and stayed."""

    node: str
    velocity: str
    figure: str
    """`pit` (mean probability transform) or `bias` (units sold over units sold and expected)."""
    version: str
    drift: Drift

    @property
    def because(self) -> str:
        return f"{self.figure} of node {self.node}, speed {self.velocity}: {self.drift.because}"


@dataclass(frozen=True)
class Watched:
    """What a watch found."""

    days: pl.DataFrame
    """The log of days, `live_scores.DAYS`."""
    sums: pl.DataFrame
    newly_scored: int
    """Forecasts that were scored by this call."""
    drifted: tuple[Drifted, ...]
    rolled_back: ChampionRecord | None
    because: str
    """Why the champion should go, whether or not it went; empty if it may stay."""
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Seen:
    """What is known of demand today, read once."""

    history: DemandHistory
    capped: DemandHistory
    drivers: Drivers
    spare: dict[str, Trained | None] = field(default_factory=dict)
    """The fast forecast kept with each version, by snapshot."""


def watch_forecast(
    store: Store, snapshots: Snapshots, company: Company, *, as_of: date, now: datetime, roll_back: bool = True
) -> Watched:
    """Score every forecast of the last sixty days that was not scored yet, and act on what the log then says.

    A day is scored by the forecast made on its morning; sums of 7 and 28 days by the forecast made on their first. Forecasts
    are scored as the model made them, before planners and rules changed them. Beside the champion's loss stands the fast
    forecast's on the same series, with what was known then. Calling it again changes nothing until more demand is imported.

    Parameters
    ----------
    roll_back
        Whether a champion that `learning.should_roll_back` condemns is taken back at once; else it is only told.
    """
    history = demand_history(company, as_of, imported=True)
    seen = _Seen(history, cap_spikes(history.last(EVENT_DAYS)), demand_drivers(company))
    days, sums, pointer = read_log(store, snapshots, SUBJECT)
    more_days, more_sums = _scored(store, snapshots, seen, days, sums)
    count = len({row["forecast"] for row in (*more_days, *more_sums)})
    if count:
        days = pl.concat([days, pl.DataFrame(more_days, schema=DAYS)]).sort("date", "role", "node", "velocity")
        sums = pl.concat([sums, pl.DataFrame(more_sums, schema=SUMS)]).sort("date", "days", "role")
        digest = snapshots.take({"days": days, "sums": sums})
        with store.transaction() as books:
            books.repoint(f"watch:{SUBJECT}", pointer, digest, now)
    drifted, notes = _drifted(days)
    with store.transaction() as books:
        books.publish([_event(found) for found in drifted])
    champion = champion_of(store, snapshots, SUBJECT)
    because, record = "", None
    if champion is not None and champion.record.version:
        version = champion.record.version
        because = should_roll_back(*_live(days, sums, champion.record)) or ""
        if because and roll_back:
            record = roll_back_forecast(store, snapshots, by=WATCH, because=because, now=now, version=version)
    return Watched(days, sums, count, drifted, record, because, notes)


def _scored(
    store: Store, snapshots: Snapshots, seen: _Seen, days: pl.DataFrame, sums: pl.DataFrame
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows to add to both logs."""
    known_days = set(days.select("forecast", "date").unique().rows())
    known_sums = set(sums.select("forecast", "date", "days").rows())
    more_days: list[dict[str, Any]] = []
    more_sums: list[dict[str, Any]] = []
    for day, role, digest in _made(store, seen):
        due_day = (digest, day) not in known_days
        due_sums = [
            length
            for length in WINDOWS
            if day + timedelta(days=length) <= seen.history.as_of
            and (digest, day + timedelta(days=length - 1), length) not in known_sums
        ]
        if not (due_day or due_sums):
            continue
        kept = snapshots.read(digest)
        about = kept["about"].row(0, named=True)
        forecast = read_forecast(kept, adjusted=False)
        said_by = "asked" if about["forced"] else role
        head = {"role": said_by, "forecast": digest, "model": about["model"], "version": about["version"]}
        pair = _paired(snapshots, seen, forecast, about, day)
        if due_day:
            more_days += [{"date": day} | head | row for row in _day_rows(*pair)]
        more_sums += [
            {"date": day + timedelta(days=length - 1), "days": length} | head | _sum_row(*pair, length)
            for length in due_sums
            if length <= forecast.horizon
        ]
    return more_days, more_sums


def _made(store: Store, seen: _Seen) -> list[tuple[date, str, str]]:
    """Day, role and snapshot of each forecast made in the last sixty days whose day has been imported."""
    found = []
    with store.transaction() as books:
        for back in range(min(LOOK_BACK_DAYS, seen.capped.n_days), 0, -1):
            day = seen.history.as_of - timedelta(days=back)
            for role, name in (("served", f"forecast:{day}"), ("challenger", f"forecast:challenger:{day}")):
                digest = books.pointer(name)
                if digest is not None:
                    found.append((day, role, digest))
    return found


def _paired(
    snapshots: Snapshots, seen: _Seen, forecast: Forecast, about: Mapping[str, Any], day: date
) -> tuple[Forecast, Forecast, npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The forecast and the fast one of the same series, with what was sold and seen from `day` on."""
    rows = (
        forecast.keys.with_row_index("row")
        .join(seen.capped.keys.select("sku", "node").with_row_index("place"), on=["sku", "node"], maintain_order="left")
        .select(pl.col("row", "place").cast(pl.Int64))
    )
    place = rows["place"].to_numpy()
    told = forecast.rows(rows["row"].to_numpy())
    fast = _fast(snapshots, seen, about, day, forecast.horizon)
    beside = told if fast is None else fast.rows(place)
    begin = (day - seen.capped.first_day).days
    part = seen.capped.rows(place)
    sold = part.units[:, begin:].astype(np.int64)
    visible = np.ones(sold.shape, bool) if part.hidden is None else ~part.hidden[:, begin:]
    return told, beside, sold, visible


def _fast(snapshots: Snapshots, seen: _Seen, about: Mapping[str, Any], day: date, horizon: int) -> Forecast | None:
    """What the fast forecast kept with the version would have said; None where the forecast is the fast one itself."""
    kept = about["kept"]
    if not kept:
        return None
    if kept not in seen.spare:
        found = read_version(snapshots, kept)
        same = found.version.model == Trained.from_frame(found.frames["fast"]).model
        seen.spare[kept] = None if same else Trained.from_frame(found.frames["fast"])
    trained = seen.spare[kept]
    if trained is None:
        return None
    return predict(trained, seen.history.before(day), horizon=horizon, drivers=seen.drivers)


def _day_rows(
    told: Forecast, beside: Forecast, sold: npt.NDArray[np.int64], visible: npt.NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """Sums over the series of each node and speed, of the first day."""
    seen = visible[:, 0]
    below, upto = scores.pit_bounds(sold[:, 0], told.mu[:, 0], told.alpha)
    frame = pl.DataFrame(
        {
            "node": told.keys["node"],
            "velocity": np.array(velocity.NAMES)[velocity.bucket(told.mu.mean(axis=1))],
            "pit": (below + upto) / 2.0,
            "above": 1.0 - scores.share_below(below, upto, 0.975),
            "sold": sold[:, 0].astype(np.float64),
            "mean": told.mu[:, 0],
            "loss": _first_loss(told, sold),
            "fallback_loss": _first_loss(beside, sold),
        }
    ).filter(seen)
    groups = frame.group_by("node", "velocity").agg(
        pl.len().cast(pl.Int64).alias("series"), pl.sum("pit", "above", "sold", "mean", "loss", "fallback_loss")
    )
    return groups.sort("node", "velocity").to_dicts()


def _first_loss(told: Forecast, sold: npt.NDArray[np.int64]) -> Floats:
    """Pinball loss of the first day, shape ``(series,)``."""
    first = Forecast(
        told.keys, told.as_of, told.mu[:, :1], told.alpha, told.path_variance, told.version, told.cut_off,
        path_drift=told.path_drift, shared=told.shared,
    )  # fmt: skip
    return daily_loss(sold[:, :1], first.quantiles(scores.M5_LEVELS), scores.M5_LEVELS)[:, 0]


def _sum_row(
    told: Forecast, beside: Forecast, sold: npt.NDArray[np.int64], visible: npt.NDArray[np.bool_], days: int
) -> dict[str, Any]:
    item = np.unique(told.keys["sku"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    shares = []
    for forecast in (told, beside):
        total = sum_of(forecast, sold, visible, days)
        whole = total.whole.astype(np.float64)
        shares.append(share_and_error(np.where(total.whole, total.evenly, 0.0), whole, item))
    (share, error), (fallback, _) = shares
    return {"series": int(total.whole.sum()), "coverage": share, "error": error, "fallback": fallback}


def _live(days: pl.DataFrame, sums: pl.DataFrame, champion: ChampionRecord) -> tuple[list[LiveDay], list[LiveWindow]]:
    """What the champion did since it serves: its days, and its windows that do not overlap."""
    begin = champion.at.astimezone(UTC).date()
    own = (pl.col("role") == "served") & (pl.col("model") == champion.version) & (pl.col("date") >= begin)
    live = [
        LiveDay(row["date"], row["loss"], row["fallback_loss"])
        for row in by_day(days.filter(own)).iter_rows(named=True)
    ]
    windows = []
    for length in WINDOWS:
        begun = pl.col("date") - timedelta(days=length - 1)
        within_reign = own & (begun >= begin)
        part = sums.filter(within_reign & (pl.col("days") == length)).sort("date").unique("date", keep="last")
        last: date | None = part["date"].max()  # type: ignore[assignment]
        for row in part.iter_rows(named=True):
            if last is not None and (last - row["date"]).days % length == 0:
                name = f"coverage of {length}-day sums to {row['date']}"
                gate = within(name, row["coverage"], row["error"], BOUNDS.sum_low, BOUNDS.sum_high)
                windows.append(LiveWindow(row["date"], length, gate, row["fallback"]))
    return live, windows


def _drifted(days: pl.DataFrame) -> tuple[tuple[Drifted, ...], tuple[str, ...]]:
    """Confirmed drift of what served, by node and speed, by node, and of all; and a note where it could not be judged."""
    # A version's days as challenger count: they are where its usual values are learned before it serves.
    key = pl.when(pl.col("model") != "").then("model").otherwise("version")
    scored = days.with_columns(key=key)
    served = scored.filter(pl.col("role") == "served")
    if served.is_empty():
        return (), ()
    last = served.sort("date")["key"][-1]
    scored = scored.filter(pl.col("key") == last).sort("date", pl.col("role") == "served")
    scored = scored.unique(["date", "node", "velocity"], keep="last", maintain_order=True)
    version = scored["version"][-1]
    found: list[Drifted] = []
    try:
        for (node, speed), part in _groups(scored):
            group = by_day(part)
            if not group.height or group["series"].mean() < LEAST_SERIES:  # type: ignore[operator]
                continue
            for figure, values in daily_figures(group).items():
                found += [Drifted(node, speed, figure, version, d) for d in drifts(group["date"].to_list(), values)]
    except ModuleNotFoundError as missing:
        return (), (str(missing),)
    return tuple(found), ()


def _groups(days: pl.DataFrame) -> Iterator[tuple[tuple[str, str], pl.DataFrame]]:
    yield (ALL, ALL), days
    for (node,), part in days.group_by("node", maintain_order=True):
        yield (str(node), ALL), part
    for (node, speed), part in days.group_by("node", "velocity", maintain_order=True):
        yield (str(node), str(speed)), part


def _event(found: Drifted) -> Event:
    drift = found.drift
    name = f"drift:{found.version}:{found.node}:{found.velocity}:{found.figure}:{drift.fired_on}"
    body = {
        "node": found.node,
        "velocity": found.velocity,
        "figure": found.figure,
        "version": found.version,
        "fired_on": drift.fired_on.isoformat(),
        "confirmed_on": drift.confirmed_on.isoformat(),
        "because": found.because,
    }
    moment = datetime.combine(drift.confirmed_on, time(), UTC)
    return Event(name, "DemandDrifted", f"model:{SUBJECT}", moment, body)
