"""What a forecaster learned, with what makes its sums honest: the part of a forecast that is kept between nights."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date

import polars as pl

from evenstock.forecasting.calibration import Calibration


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """Immutable: training again gives another one."""

    model: str
    """Member of the forecaster family."""
    version: str
    """Name and number of the model, and what identifies the parameters where it has any."""
    learned: bytes
    """The forecaster's own parameters; empty where it learns nothing beforehand."""
    calibration: Calibration
    """How far its levels may lie off, by how fast a series sells."""
    cut_off: date
    """Last day that was looked at."""
    seed: int = 0
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pl.DataFrame:
        """One row of plain columns, so that any store of frames can keep it; `from_frame` gives the same bits back.

        `learned` is base64 and the calibration and notes are JSON, because a snapshot holds text, numbers and dates.
        """
        return pl.DataFrame(
            {
                "model": [self.model],
                "version": [self.version],
                "cut_off": [self.cut_off],
                "seed": [self.seed],
                "learned": [base64.b64encode(self.learned).decode("ascii")],
                "calibration": [json.dumps(self.calibration.to_dict())],
                "notes": [json.dumps(self.notes, ensure_ascii=False)],
            },
            schema_overrides={"cut_off": pl.Date, "seed": pl.Int64},
        )

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> Trained:
        """The model that `frame` was made from. Raises ValueError if the frame is not one that `to_frame` wrote."""
        wanted = {"model", "version", "cut_off", "seed", "learned", "calibration", "notes"}
        if frame.height != 1 or not wanted <= set(frame.columns):
            missing = ", ".join(sorted(wanted - set(frame.columns))) or "none"
            raise ValueError(f"a trained model is one row; here are {frame.height}, columns missing: {missing}")
        row = frame.row(0, named=True)
        try:
            learned = base64.b64decode(row["learned"], validate=True)
            calibration = Calibration.from_dict(json.loads(row["calibration"]))
            notes = tuple(json.loads(row["notes"]))
        except (binascii.Error, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{row['version']}: the stored model cannot be read ({error}); train again") from error
        return cls(
            model=row["model"],
            version=row["version"],
            learned=learned,
            calibration=calibration,
            cut_off=row["cut_off"],
            seed=row["seed"],
            notes=notes,
        )
