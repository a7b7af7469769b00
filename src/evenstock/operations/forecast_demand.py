"""Forecasts every series with the champion, and keeps the parameters from which paths can be drawn again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import polars as pl

from evenstock.forecasting import DemandHistory, Drivers, Forecast, Trained, predict, train
from evenstock.forecasting.plausible import implausible
from evenstock.learning import ChampionRecord, Gate, ModelVersion
from evenstock.operations.company import Company
from evenstock.operations.demand_inputs import FALLBACK, SUBJECT, demand_drivers, demand_history, forecast_digests
from evenstock.operations.model_versions import (
    KeptVersion,
    challenger_of,
    champion_of,
    read_record,
    read_version,
)
from evenstock.operations.ports import Snapshots, Store, StoreError

Adjustment = Callable[[Forecast, DemandHistory], Forecast]
"""What is known beyond the model, such as a launch, an item's end or a planner's word, given the history it was made from;
applied in the order given."""


@dataclass(frozen=True)
class Forecasted:
    """A forecast and the snapshot it is kept in."""

    forecast: Forecast
    digest: str
    shadow_trouble: str = ""
    """Why the challenger's forecast could not be kept beside; empty if it was, or if there is no challenger."""


@dataclass(frozen=True)
class _Made:
    """A forecast before adjustments, with who made it and on whose word."""

    forecast: Forecast
    model: str = ""
    """Id of the model's version; empty for a model that was never kept."""
    kept: str = ""
    champion: str = ""
    """Snapshot of the champion's record in force; empty where there was none or a model was asked for by name."""
    forced: bool = False
    fell_back: str = ""
    """Why the champion did not serve."""


@dataclass(frozen=True)
class Provenance:
    """Which model and which data a forecast came from, and so every decision that names its snapshot."""

    digest: str
    version: str
    """What the model calls itself."""
    model: ModelVersion | None
    """None for the fast forecast when it serves without a kept version, and for a model asked for by name."""
    gates: tuple[Gate, ...]
    champion: ChampionRecord | None
    data: dict[str, str]
    """Snapshot of each table it was made from."""
    fell_back: str
    adjusted: tuple[str, ...]
    notes: tuple[str, ...]


def forecast_demand(
    store: Store,
    snapshots: Snapshots,
    company: Company,
    *,
    as_of: date,
    now: datetime,
    horizon: int = 28,
    model: str | None = None,
    adjust: Sequence[Adjustment] = (),
) -> Forecasted:
    """Forecast from `as_of` on, as known on the day before; the result becomes the current `forecast`.

    Parameters
    ----------
    model
        A member of the forecaster family, trained now and used whatever the champion is. If not given the champion serves,
        and where it cannot be loaded or what it says is out of all reason the fast forecast does, and says why. Without
        any champion the fast forecast serves. A challenger's forecast is kept beside, for later scoring.
    adjust
        Functions from a forecast and its history to a forecast, applied in this order to champion and challenger alike; the forecast before
        them is kept too, so that models are scored without them.

    Raises
    ------
    ValueError
        If no demand was imported, or none lies before `as_of`.
    """
    history, drivers = demand_history(company, as_of), demand_drivers(company)
    if model is not None:
        made = _Made(predict(train(history, model=model, drivers=drivers), history, horizon=horizon, drivers=drivers),
                     forced=True)  # fmt: skip
    else:
        made = _served(store, snapshots, history, drivers, horizon)
    forecast, digest = _keep(snapshots, made, company, adjust, history)
    pointed = {"forecast": digest, f"forecast:{as_of}": digest}
    trouble = ""
    if model is None:
        shadow, trouble = _shadow(store, snapshots, history, drivers, horizon)
        if shadow is not None:
            _, beside = _keep(snapshots, shadow, company, adjust, history)
            pointed |= {"forecast:challenger": beside, f"forecast:challenger:{as_of}": beside}
    with store.transaction() as books:
        for name, target in pointed.items():
            books.point(name, target, now)
    return Forecasted(forecast, digest, trouble)


def _served(store: Store, snapshots: Snapshots, history: DemandHistory, drivers: Drivers, horizon: int) -> _Made:
    """What the champion says, or the fast forecast in its place."""
    with store.transaction() as books:
        pointer = books.pointer(f"champion:{SUBJECT}") or ""
    trouble, kept = "", None
    try:
        champion = champion_of(store, snapshots, SUBJECT)
        if champion is not None:
            kept, trouble = champion.kept, champion.trouble
    except (StoreError, ValueError) as error:
        trouble = str(error)
    if kept is not None:
        return _said(kept, pointer, history, drivers, horizon)
    fast = predict(train(history, model=FALLBACK, drivers=drivers), history, horizon=horizon, drivers=drivers)
    return _instead(fast, "the champion", trouble, pointer) if trouble else _Made(fast, champion=pointer)


def _said(kept: KeptVersion, champion: str, history: DemandHistory, drivers: Drivers, horizon: int) -> _Made:
    """What a version says, if it is in its right mind; else what the fast forecast kept with it says."""
    spare: Trained | None = None
    because: str | None
    try:
        spare = Trained.from_frame(kept.frames["fast"])
        fast = predict(spare, history, horizon=horizon, drivers=drivers)
        trained = Trained.from_frame(kept.frames["trained"])
        forecast = fast if _same(trained, spare) else predict(trained, history, horizon=horizon, drivers=drivers)
        because = implausible(forecast, fast)
        if because is None:
            return _Made(forecast, kept.version.id, kept.digest, champion)
    except Exception as error:  # noqa: BLE001 (whatever ails the champion, the night must have a forecast and say why)
        because = f"{type(error).__name__}: {error}"
        spare = spare or train(history, model=FALLBACK, drivers=drivers)
        fast = predict(spare, history, horizon=horizon, drivers=drivers)
    return _instead(fast, kept.version.version, because, champion)


def _same(trained: Trained, spare: Trained) -> bool:
    """Whether the version is the fast forecast itself."""
    return (trained.version, trained.cut_off, trained.seed) == (spare.version, spare.cut_off, spare.seed)


def _instead(fast: Forecast, named: str, because: str, champion: str) -> _Made:
    note = f"{fast.version} serves instead of {named}: {because}"
    return _Made(replace(fast, notes=(*fast.notes, note)), champion=champion, fell_back=because)


def _shadow(
    store: Store, snapshots: Snapshots, history: DemandHistory, drivers: Drivers, horizon: int
) -> tuple[_Made | None, str]:
    """What the challenger would say, or why it cannot: that day then does not count towards its promotion."""
    try:
        kept = challenger_of(store, snapshots, SUBJECT)
        if kept is None:
            return None, ""
        forecast = predict(Trained.from_frame(kept.frames["trained"]), history, horizon=horizon, drivers=drivers)
    except Exception as error:  # noqa: BLE001 (a challenger decides nothing: it must not keep the champion from serving)
        return None, f"{type(error).__name__}: {error}"
    return _Made(forecast, kept.version.id, kept.digest), ""


def _keep(
    snapshots: Snapshots, made: _Made, company: Company, adjust: Sequence[Adjustment], history: DemandHistory
) -> tuple[Forecast, str]:
    """The adjusted forecast and its snapshot, which holds no moment: the same inputs give the same digest."""
    forecast = made.forecast
    for adjustment in adjust:
        forecast = adjustment(forecast, history)
    about = pl.DataFrame(
        {
            "version": [forecast.version],
            "cut_off": [forecast.cut_off],
            "notes": ["\n".join(forecast.notes)],
            "model": [made.model],
            "kept": [made.kept],
            "champion": [made.champion],
            "forced": [made.forced],
            "fell_back": [made.fell_back],
            "adjusted": [json.dumps([_name(adjustment) for adjustment in adjust])],
            "data": [json.dumps(forecast_digests(company))],
        }
    )
    frames = {"forecast": forecast.frame(), "about": about}
    if adjust:
        frames["unadjusted"] = made.forecast.frame()
    return forecast, snapshots.take(frames)


def _name(adjustment: Adjustment) -> str:
    """What an adjustment is called; a partial is called as the function it wraps."""
    wrapped = getattr(adjustment, "func", adjustment)
    return str(getattr(wrapped, "__name__", type(wrapped).__name__))


def current_forecast(store: Store, snapshots: Snapshots, company: Company, as_of: date) -> Forecasted | None:
    """The forecast last made, if it starts on `as_of`, saw the data that are current and the champion still stands; else None.

    A forecast by a model asked for by name outlives a change of champion.
    """
    with store.transaction() as books:
        digest, champion = books.pointer("forecast"), books.pointer(f"champion:{SUBJECT}")
    if digest is None:
        return None
    kept = snapshots.read(digest)
    about = kept["about"].row(0, named=True)
    if "data" not in about or json.loads(about["data"]) != forecast_digests(company):
        return None
    if not about["forced"] and about["champion"] != (champion or ""):
        return None
    forecast = read_forecast(kept)
    return Forecasted(forecast, digest) if forecast.as_of == as_of else None


def read_forecast(kept: dict[str, pl.DataFrame], *, adjusted: bool = True) -> Forecast:
    """The forecast of a snapshot, before or after what was known beyond the model."""
    about = kept["about"].row(0, named=True)
    frame = kept["forecast"] if adjusted else kept.get("unadjusted", kept["forecast"])
    notes = tuple(line for line in about["notes"].split("\n") if line)
    return Forecast.from_frame(frame, version=about["version"], cut_off=about["cut_off"], notes=notes)


def provenance(snapshots: Snapshots, digest: str) -> Provenance:
    """Which model and which data the forecast kept under `digest` came from.

    A plan's record names its forecast's snapshot, so this answers what made any past decision.

    Raises
    ------
    StoreError
        If the snapshot, or one it names, is missing or damaged.
    ValueError
        If it is no forecast's.
    """
    frames = snapshots.read(digest)
    if not {"forecast", "about"} <= frames.keys() or "data" not in frames["about"].columns:
        raise ValueError(f"snapshot {digest} is no forecast that says where it came from")
    about = frames["about"].row(0, named=True)
    kept = read_version(snapshots, about["kept"]) if about["kept"] else None
    return Provenance(
        digest=digest,
        version=about["version"],
        model=kept.version if kept else None,
        gates=kept.gates if kept else (),
        champion=read_record(snapshots, about["champion"])[0] if about["champion"] else None,
        data=json.loads(about["data"]),
        fell_back=about["fell_back"],
        adjusted=tuple(json.loads(about["adjusted"])),
        notes=tuple(line for line in about["notes"].split("\n") if line),
    )
