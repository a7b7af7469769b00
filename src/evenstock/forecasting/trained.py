"""What a forecaster learned, with what makes its sums honest: the part of a forecast that is kept between nights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """Immutable: training again gives another one."""

    model: str
    """Member of the forecaster family."""
    version: str
    """Name and number of the model, and what identifies the parameters where it has any."""
    learned: bytes
    """The forecaster's own parameters; empty where it learns nothing beforehand."""
    path_variance: npt.NDArray[np.float64]
    """Variance of a path's level factor by velocity bucket, shape ``(bucket,)``."""
    cut_off: date
    """Last day that was looked at."""
    seed: int = 0
    notes: tuple[str, ...] = ()
