"""A trained model survives being stored, bit by bit."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from evenstock.forecasting import Trained
from evenstock.forecasting.calibration import N_CLASSES, Calibration
from evenstock.storage.snapshots import snapshot_digest

MODEL = Trained(
    model="baseline",
    version="baseline-1",
    learned=bytes(range(256)),
    calibration=Calibration(
        np.linspace(1 / 3, 2.5e-3, N_CLASSES), np.full(N_CLASSES, 1 / 7), shared=np.full(N_CLASSES, 0.3), waking=0.01
    ),
    cut_off=date(2026, 11, 20),
    seed=7,
    notes=("Ærø: 3 days hidden",),
)


def test_a_stored_model_comes_back_bit_by_bit():
    again = Trained.from_frame(MODEL.to_frame())

    assert (again.model, again.version, again.learned) == ("baseline", "baseline-1", MODEL.learned)
    assert again.calibration.to_dict() == MODEL.calibration.to_dict()
    assert (again.cut_off, again.seed, again.notes) == (MODEL.cut_off, 7, MODEL.notes)


def test_a_snapshot_can_hold_a_model_and_names_equal_models_alike():
    again = Trained.from_frame(MODEL.to_frame())

    assert snapshot_digest({"trained": MODEL.to_frame()}) == snapshot_digest({"trained": again.to_frame()})


def test_what_is_no_stored_model_is_refused():
    with pytest.raises(ValueError, match="one row; here are 0"):
        Trained.from_frame(MODEL.to_frame()[:0])
    with pytest.raises(ValueError, match="columns missing: calibration"):
        Trained.from_frame(MODEL.to_frame().drop("calibration"))
    with pytest.raises(ValueError, match="baseline-1: the stored model cannot be read"):
        Trained.from_frame(MODEL.to_frame().with_columns(learned=pl.lit("?")))
    with pytest.raises(ValueError, match="cannot be read"):
        Trained.from_frame(MODEL.to_frame().with_columns(calibration=pl.lit("{}")))
