"""Names for the kinds of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Demand = npt.NDArray[Any]
"""Whole units of any narrow type: uint16 or int32."""
