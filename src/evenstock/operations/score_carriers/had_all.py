"""What would have become of parcels had one service carried all that it could have: from what was tried on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from evenstock.freight.exploration import MILLION, what_if
from evenstock.freight.scorecard import Outcomes

SCHEMA: Final[Mapping[str, type[pl.DataType]]] = {
    "service": pl.String,
    "orders": pl.Int64,
    "used": pl.Int64,
    "effective": pl.Float64,
    "late": pl.Float64,
    "late_low": pl.Float64,
    "late_high": pl.Float64,
    "because": pl.String,
}


def had_all(outcomes: Outcomes, could: pl.DataFrame) -> pl.DataFrame:
    """A row for each service that could have been chosen: the share late had it carried every parcel it could have.

    Parcels due are weighted by one over the propensity that their decision kept, so that what we like to choose does not
    colour what we think of it. Only orders on which a service was one of several speak for it; of others nothing is said.

    Parameters
    ----------
    could
        Columns parcel and could, the services of which one was chosen for it.

    Returns
    -------
    pl.DataFrame
        service, orders (due, that it could have carried), used (of them, carried by it), effective (Kish), late with the
        ends of its 90 % interval (null where too little is known), because (why; empty where it is).
    """
    due = outcomes.frame.filter("promise_due").join(could, on="parcel").filter(pl.col("could").list.len() > 1)
    rows = []
    for service in sorted(due["could"].explode().drop_nulls().unique().to_list()):
        of = due.filter(pl.col("could").list.contains(service))
        said = what_if(
            of["late"].cast(pl.Float64).to_numpy(),
            (of["service"] == service).cast(pl.Int64).to_numpy(),
            np.maximum(1, (of["propensity"].to_numpy() * MILLION).round()).astype(np.int64),
            1,
        )
        known = not said.because
        figures = (said.mean, max(0.0, said.low), min(1.0, said.high)) if known else (None, None, None)
        rows.append((service, said.orders, said.used, said.effective, *figures, said.because))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
