"""One boosted model of all series: what the fast forecast misses, learned from features known on the day (LightGBM)."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evenstock.forecasting.daily import Daily
from evenstock.forecasting.drivers import Drivers
from evenstock.forecasting.features.table import CATEGORICAL, Vocabulary, look
from evenstock.forecasting.history import DemandHistory
from evenstock.forecasting.models import baseline

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

VERSION: Final = "boosted-1"
NEEDS: Final = "lightgbm"
FORMAT: Final = 1
HORIZON: Final = 60
"""Days ahead it is trained for."""
ORIGINS: Final = 13
STEP_DAYS: Final = 28
"""A year of origins, four weeks apart, so that each season is met once."""
MOST_ROWS: Final = 400_000
LEAST_ROWS: Final = 10_000
LEAST_DAYS: Final = 120
"""With less history or fewer rows nothing is learned and the fast forecast stands: of 120 series it learned nothing that
held, of 300 it did."""
MOST_SERIES: Final = 40_000
"""Series looked at from one origin; of more, whole items are drawn anew at each, with all their nodes."""
ROWS_A_SERIES: Final = 6
"""At most this many days ahead of one series at one origin: more would tell the same again."""
YOUNG_DAYS: Final = 56
"""A series that first sold later than this is left to the fast forecast: too few such rows to learn from."""
SMALLEST_MEAN: Final = 0.01
"""Units a day that are corrected at least: what was as good as zero and then sold would need corrections without bound."""
TREES: Final = 70
PARAMETERS: Final = {
    "objective": "poisson",
    "learning_rate": 0.1,
    "num_leaves": 127,
    "max_delta_step": 1.0,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "max_bin": 127,
    "cat_smooth": 50.0,
}
_CORRECTION: Final = 4.0
"""Largest logarithm by which the fast forecast's mean may be corrected either way: a factor of 55."""
_BLOCK: Final = 2048


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    features: npt.NDArray[np.float32]
    units: Floats
    mean: Floats
    """The fast forecast's, which the trees correct."""
    alpha: Floats
    """Its dispersion."""


def train(history: DemandHistory, *, drivers: Drivers, seed: int) -> bytes:
    """Learn from what followed monthly origins inside the history, each seen with what was known then.

    Parameters
    ----------
    history
        As of the day after the last one that may be learned from.
    drivers
        All that is known by then; each origin cuts them to its own morning.

    Returns
    -------
    bytes
        JSON: the format's number, the names of features, nodes, categories, events and signals, and the trees in LightGBM's
        own text; without trees and with a reason where there was too little to learn from.

    Raises
    ------
    ModuleNotFoundError
        If LightGBM is not installed.
    """
    _lightgbm()
    vocabulary = Vocabulary.of(history, drivers)
    rows = _rows(history, drivers, vocabulary, seed) if history.n_days >= LEAST_DAYS else None
    if rows is None or rows[0].units.size < LEAST_ROWS:
        said = 0 if rows is None else rows[0].units.size
        return _written(
            reason=f"{history.n_days} days of {history.n_series} series give {said} rows to learn from; it takes "
            f"{LEAST_DAYS} days and {LEAST_ROWS} rows"
        )
    found, names = rows
    return _written(
        features=names,
        nodes=vocabulary.nodes,
        categories=vocabulary.categories,
        events=vocabulary.events,
        signals=vocabulary.signals,
        trees=_boost(found, names, seed),
    )


def version(learned: bytes) -> str:
    """Name, number and a digest of what was learned."""
    if "trees" not in _read(learned):
        return f"{VERSION}-untaught-{baseline.VERSION}"
    return f"{VERSION}-{hashlib.sha256(learned).hexdigest()[:8]}"


def predict(history: DemandHistory, *, horizon: int, drivers: Drivers, learned: bytes = b"") -> Daily:
    """Mean of each day ahead as the trees correct the fast forecast's; its dispersion as it is.

    The fast forecast stands alone where nothing was learned, for series that first sold less than `YOUNG_DAYS` ago, and
    for what never sold.
    """
    base = baseline.predict(history, horizon=max(horizon, HORIZON), drivers=drivers)
    mu = base.mu[:, :horizon].copy()
    said = _read(learned)
    if "trees" not in said:
        return Daily(mu, base.alpha, version(learned))
    booster = _lightgbm().Booster(model_str=said["trees"])
    vocabulary = Vocabulary(*(tuple(said[k]) for k in ("nodes", "categories", "events", "signals")))
    grown = np.flatnonzero(history.n_days - history.start >= YOUNG_DAYS)
    if not grown.size:
        return Daily(mu, base.alpha, version(learned))
    origin = look(history, drivers, base, vocabulary)
    column = _columns(said["features"], origin.names)
    for begin in range(0, grown.size, _BLOCK):
        rows = grown[begin : begin + _BLOCK]
        table = origin.table(np.repeat(rows, horizon), np.tile(np.arange(horizon), rows.size))
        correction = np.asarray(booster.predict(table[:, column], raw_score=True, num_threads=_threads()))
        factor = np.exp(np.clip(correction, -_CORRECTION, _CORRECTION)).reshape(rows.size, horizon)
        mu[rows] = np.maximum(mu[rows], SMALLEST_MEAN) * factor
    return Daily(mu, base.alpha, version(learned))


def _rows(
    history: DemandHistory, drivers: Drivers, vocabulary: Vocabulary, seed: int
) -> tuple[_Rows, list[str]] | None:
    """Rows of all origins, drawn before any feature is made of them."""
    rng = np.random.default_rng(seed)
    found: list[_Rows] = []
    names: list[str] = []
    backs = [STEP_DAYS * k for k in range(1, ORIGINS + 1) if history.n_days - STEP_DAYS * k >= YOUNG_DAYS]
    for back in backs:
        part = history.rows(_some(history, rng))
        past = part.before(history.as_of - timedelta(days=back))
        known = drivers.known(past.as_of)
        series, ahead = _draw(part, past, min(back, HORIZON), MOST_ROWS // len(backs), rng)
        if not series.size:
            continue
        base = baseline.predict(past, horizon=HORIZON, drivers=known)
        origin = look(past, known, base, vocabulary)
        names = origin.names
        units = part.units[series, past.n_days + ahead].astype(np.float64)
        mean = np.maximum(base.mu[series, ahead], SMALLEST_MEAN)
        found.append(_Rows(origin.table(series, ahead), units, mean, base.alpha[series]))
    if not found:
        return None
    together = (np.concatenate([getattr(f, k) for f in found]) for k in ("features", "units", "mean", "alpha"))
    return _Rows(*together), names


def _some(history: DemandHistory, rng: np.random.Generator) -> Ints:
    """Rows of items drawn until they have `MOST_SERIES` series; an item comes with all its nodes, which tell of one another."""
    if history.n_series <= MOST_SERIES:
        return np.arange(history.n_series)
    _, item = np.unique(history.keys["sku"].to_numpy(), return_inverse=True)
    count = np.bincount(item)
    order = rng.permutation(count.size)
    taken = np.zeros(count.size, dtype=np.bool_)
    taken[order[np.cumsum(count[order]) <= MOST_SERIES]] = True
    taken[order[0]] = True
    return np.flatnonzero(taken[item])


def _draw(
    history: DemandHistory, past: DemandHistory, horizon: int, most: int, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Which series and days ahead are learned from at one origin; days that were hidden are not.

    Nearer days are drawn more often, since more is decided on them: half of all lie in the nearest third.
    """
    grown = np.flatnonzero(past.n_days - past.start >= YOUNG_DAYS // 2)
    if not grown.size or most < 1:
        return grown[:0], grown[:0]
    times = int(np.clip(most // grown.size, 1, min(ROWS_A_SERIES, horizon)))
    chosen = grown if grown.size <= most else np.sort(rng.choice(grown, most, replace=False))
    series = np.repeat(chosen, times)
    ahead = np.minimum((horizon * rng.random(series.size) ** 1.5).astype(np.int64), horizon - 1)
    pairs = np.unique(series * HORIZON + ahead)
    series, ahead = pairs // HORIZON, pairs % HORIZON
    if history.hidden is not None:
        seen = ~history.hidden[series, past.n_days + ahead]
        series, ahead = series[seen], ahead[seen]
    return series, ahead


def _boost(rows: _Rows, names: list[str], seed: int) -> str:
    """Trees as text."""
    lgb = _lightgbm()
    data = lgb.Dataset(
        rows.features,
        label=rows.units,
        # A count of variance mean + alpha mean**2 tells this much less than a Poisson of that mean would.
        weight=1.0 / (1.0 + rows.alpha * rows.mean),
        init_score=np.log(rows.mean),
        feature_name=[f"f{k}" for k in range(len(names))],
        categorical_feature=[names.index(name) for name in CATEGORICAL],
        params={"max_bin": PARAMETERS["max_bin"], "verbose": -1},
    )
    fixed = {"seed": seed, "deterministic": True, "force_row_wise": True, "num_threads": _threads(), "verbose": -1}
    text: str = lgb.train(PARAMETERS | fixed, data, num_boost_round=TREES).model_to_string()
    # The settings at its end name the machine's threads and are not needed to predict.
    return text.partition("\nparameters:")[0] + "\n"


def _columns(features: list[str], names: list[str]) -> Ints:
    """Where each learned feature stands among `names`."""
    return np.array([names.index(name) for name in features], dtype=np.int64)


def _written(**said: Any) -> bytes:
    return json.dumps({"format": FORMAT, **said}, ensure_ascii=False, sort_keys=True).encode()


def _read(learned: bytes) -> dict[str, Any]:
    if not learned:
        raise ValueError("the boosted forecaster was not trained: call `train` first, or use the baseline")
    said: dict[str, Any] = json.loads(learned)
    if said.get("format") != FORMAT:
        raise ValueError(f"parameters in format {said.get('format')} were written by another version: train again")
    return said


def _threads() -> int:
    """As `OMP_NUM_THREADS` says, else all cores but one: a busy machine slows LightGBM far more than a missing core does.

    The trees are the same whatever the number.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() and int(asked) > 0 else max((os.cpu_count() or 2) - 1, 1)


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ModuleNotFoundError as absent:
        raise ModuleNotFoundError(
            "the boosted forecaster needs LightGBM: pip install 'evenstock[forecasting]', or use the baseline"
        ) from absent
    return lightgbm
