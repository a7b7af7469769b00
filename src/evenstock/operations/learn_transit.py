"""Learns how long each service takes from carrier scans, and keeps the tables that routing looks up."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.distributions import day_table
from evenstock.freight import reading, tracking, transit
from evenstock.freight.zones import area
from evenstock.operations.company import Company
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.transit_in_force import LANE_WEEKDAYS, POINTER, TRANSIT, WEEKDAYS, LearnedTransit

IMPORTED_PARCELS: Final = 20.0
"""Parcels that an imported table is worth beside what was scanned."""
FEW_PARCELS: Final = 30.0
"""Below this many (weighted by recency) a service's zone is said to lean on others."""
MIXED_LANES: Final = 400
"""Lanes, by latest parcel, that a zone's table is a mean over."""
LANES_KEPT: Final = 5000
"""Most lanes with a table of their own, by parcels."""
LANES_BY_WEEKDAY: Final = 1000
"""Of these, those with a table for each day of hand-over."""
SMALLEST_SHARE: Final = 1e-6
SMALLEST_BY_WEEKDAY: Final = 1e-4
"""Seven times the tables: a tail of one parcel in ten thousand decides nothing."""

Floats = npt.NDArray[np.float64]


def learn_transit(
    store: Store, snapshots: Snapshots, company: Company, *, as_of: date, now: datetime
) -> LearnedTransit:
    """Learn from the deliveries last imported, or without them from the scans of parcels, as known on the morning of `as_of`, and make it the current `transit`.

    A service and zone gets the mean table of the lanes it was scanned on; few scans lean on the service, its postal areas
    and all others, and on the imported table as if that were `IMPORTED_PARCELS` parcels. A zone that was never scanned
    keeps its imported table.

    Raises
    ------
    ValueError
        If neither deliveries nor scans of parcels were imported, if the network has no rate cards, or if nothing has arrived yet.
    """
    deliveries, book = _scanned(company, now), company.network.rates
    if deliveries is None:
        raise ValueError(
            "no scans: import a table named deliveries (parcel, service, postal codes, shipped_at, …), or tracking_events "
            "and parcels"
        )
    if book is None:
        raise ValueError(
            "the network has no rate cards, so nobody knows services and zones; import rate_cards and rates"
        )
    clocks = {str(node.id): node.timezone for node in company.network.nodes.values()}
    scans = transit.read(deliveries, as_of, timezones=clocks)
    model = transit.learn(scans, places=reading.centroids(company.tables.get("places")), zone=book.zone)
    imported = reading.shares(company.tables.get("transit"))
    cells = _cells(scans, book.zone)
    tables, rows, notes = [], [], list(scans.notes)
    for key in sorted({*cells, *imported}, key=lambda key: (key[0], key[1])):
        service, zone = key
        if service not in book.services:
            notes.append(f"{service}: has scans but no rate card; it cannot be offered, and no table is kept")
            continue
        share, row = _cell(scans, model, cells.get(key), imported.get(key))
        tables.append(_frame(service, zone, share))
        rows.append({"service": service, "zone": zone, **row})
        if row["basis"]:
            notes.append(f"{service} zone {zone}: {row['basis']}")
    lanes = _lanes(scans, model)
    return _keep(
        store,
        snapshots,
        company,
        LearnedTransit(
            as_of,
            pl.concat(tables) if tables else pl.DataFrame(schema=TRANSIT),
            pl.DataFrame(rows, schema=_ZONES),
            lanes,
            _reliability(scans),
            tuple(dict.fromkeys(notes)),
            "",
            _weekdays(scans, model, cells, imported, book.services),
            _lane_weekdays(lanes.filter(pl.col("service").is_in(list(book.services))), model),
        ),
        now,
    )


_ZONES: Final[dict[str, type[pl.DataType]]] = {
    "service": pl.String,
    "zone": pl.Int64,
    "parcels": pl.Int64,
    "under_way": pl.Int64,
    "imported_share": pl.Float64,
    "mean_days": pl.Float64,
    "basis": pl.String,
}
_LANES: Final[dict[str, type[pl.DataType]]] = {
    "service": pl.String,
    "origin": pl.String,
    "destination": pl.String,
    "parcels": pl.Int64,
    "days": pl.Int64,
    "probability": pl.Float64,
}


def _sources(company: Company) -> tuple[str, ...]:
    """Tables that delivery times are learned from; empty where there are none."""
    choices = (("deliveries",), ("tracking_events", "parcels"))
    return next((names for names in choices if all(name in company.digests for name in names)), ())


def _scanned(company: Company, now: datetime) -> pl.DataFrame | None:
    """Deliveries as the carriers listed them, else as their scans of parcels tell; None where there are neither."""
    found = [company.table(name) for name in _sources(company)]
    if len(found) == 1:
        return found[0]
    if not found:
        return None
    events, parcels = found
    assert events is not None
    assert parcels is not None
    return tracking.deliveries(tracking.journeys(events, now), parcels)


def _cells(scans: transit.Scans, zone: transit.ZoneOf) -> dict[tuple[str, int], npt.NDArray[np.int64]]:
    """Parcels of each service and zone, newest hand-over last."""
    found: dict[tuple[str, int], list[int]] = {}
    for row in np.argsort(scans.handed_over, kind="stable").tolist():
        crossed = zone(scans.origin[row], scans.destination[row])
        if crossed is not None:
            found.setdefault((scans.service[row], crossed), []).append(row)
    return {key: np.array(rows, dtype=np.int64) for key, rows in found.items()}


def _cell(
    scans: transit.Scans,
    model: transit.TransitModel,
    rows: npt.NDArray[np.int64] | None,
    imported: Floats | None,
) -> tuple[Floats, dict[str, object]]:
    """Table of one service and zone, and what it rests on."""
    if rows is None:
        assert imported is not None
        about = {"parcels": 0, "under_way": 0, "imported_share": 1.0, "mean_days": float(day_table.mean(imported))}
        return imported, about | {"basis": "no scan; the imported table stays"}
    share, cases = _share(scans, model, rows, imported), _cases(scans, rows)
    prior = IMPORTED_PARCELS if imported is not None else 0.0
    basis = ""
    if cases < FEW_PARCELS:
        basis = f"few scans ({rows.size:,}): leans on its service and postal areas" + (
            f", and {prior / (cases + prior):.0%} on the imported table" if prior else "; no imported table"
        )
    return share, {
        "parcels": int(rows.size),
        "under_way": int((~scans.delivered[rows]).sum()),
        "imported_share": prior / (cases + prior) if prior else 0.0,
        "mean_days": float(day_table.mean(share)),
        "basis": basis,
    }


def _cases(scans: transit.Scans, rows: npt.NDArray[np.int64]) -> float:
    """Parcels delivered, weighted by recency."""
    fade = 0.5 ** (scans.age_days[rows] / transit.LEVEL_HALF_LIFE_DAYS)
    return float(fade[scans.delivered[rows]].sum())


def _share(
    scans: transit.Scans,
    model: transit.TransitModel,
    rows: npt.NDArray[np.int64],
    imported: Floats | None,
    weekday: int | None = None,
) -> Floats:
    """Mean table of the lanes last scanned, drawn to the imported one; of one day of hand-over where it is named."""
    lately = rows[-MIXED_LANES:]
    names = [[of[row] for row in lately] for of in (scans.service, scans.origin, scans.destination)]
    share: Floats = model.shares(names[0], names[1], names[2], weekday).mean(axis=0)
    return share if imported is None else day_table.blend(share, imported, _cases(scans, rows), IMPORTED_PARCELS)


def _weekdays(
    scans: transit.Scans,
    model: transit.TransitModel,
    cells: dict[tuple[str, int], npt.NDArray[np.int64]],
    imported: dict[tuple[str, int], Floats],
    services: tuple[str, ...],
) -> pl.DataFrame:
    """Tables of each service and zone by the day of hand-over: what leaves on a Friday rests over the weekend."""
    parts = []
    for (service, zone), rows in sorted(cells.items()):
        for weekday in range(7) if service in services else ():
            days, kept = _trimmed(
                _share(scans, model, rows, imported.get((service, zone)), weekday), SMALLEST_BY_WEEKDAY
            )
            key = {"service": service, "zone": zone, "weekday": weekday}
            parts.append(pl.DataFrame(key | {"days": days, "probability": kept}, schema=WEEKDAYS))
    return pl.concat(parts) if parts else pl.DataFrame(schema=WEEKDAYS)


def _lane_weekdays(lanes: pl.DataFrame, model: transit.TransitModel) -> pl.DataFrame:
    """The same for the lanes with most parcels."""
    most = (
        lanes.select("service", "origin", "destination", "parcels")
        .unique()
        .sort("parcels", "service", "origin", "destination", descending=[True, False, False, False])
    )
    names = most.head(LANES_BY_WEEKDAY).sort("service", "origin", "destination").drop("parcels")
    if names.is_empty():
        return pl.DataFrame(schema=LANE_WEEKDAYS)
    columns = [names[name].to_list() for name in ("service", "origin", "destination")]
    parts = []
    for weekday in range(7):
        for lane, row in zip(
            names.iter_rows(named=True), model.shares(columns[0], columns[1], columns[2], weekday), strict=True
        ):
            days, kept = _trimmed(row, SMALLEST_BY_WEEKDAY)
            parts.append(
                pl.DataFrame(lane | {"weekday": weekday, "days": days, "probability": kept}, schema=LANE_WEEKDAYS)
            )
    return pl.concat(parts)


def _frame(service: str, zone: int, share: Floats) -> pl.DataFrame:
    days, kept = _trimmed(share)
    return pl.DataFrame({"service": service, "zone": zone, "days": days, "probability": kept}, schema=TRANSIT)


def _trimmed(share: Floats, smallest: float = SMALLEST_SHARE) -> tuple[list[int], list[float]]:
    """Days with a share worth a row; the rest is spread over them in proportion."""
    days = np.flatnonzero(share >= smallest)
    kept = share[days] / share[days].sum()
    return days.tolist(), kept.tolist()


def _lanes(scans: transit.Scans, model: transit.TransitModel) -> pl.DataFrame:
    """Tables of lanes with enough parcels to speak for themselves, most parcels first where there are too many."""
    count: dict[tuple[str, str, str], int] = {}
    for row in zip(scans.service, map(area, scans.origin), map(area, scans.destination), strict=True):
        count[row] = count.get(row, 0) + 1
    lanes = sorted(
        (key for key in count if "service and lane" in model.basis(*key)), key=lambda key: (-count[key], key)
    )[:LANES_KEPT]
    if not lanes:
        return pl.DataFrame(schema=_LANES)
    share = model.shares(*([lane[k] for lane in lanes] for k in range(3)))
    parts = []
    for lane, row in sorted(zip(lanes, share, strict=True)):
        days, kept = _trimmed(row)
        names = dict(zip(("service", "origin", "destination"), lane, strict=True))
        parts.append(pl.DataFrame(names | {"parcels": count[lane], "days": days, "probability": kept}, schema=_LANES))
    return pl.concat(parts)


def _reliability(scans: transit.Scans) -> pl.DataFrame:
    found = transit.promise_reliability(scans)
    return pl.DataFrame(
        {
            "service": [r.service for r in found],
            "parcels": [r.parcels for r in found],
            "late": [r.late for r in found],
            "late_share": [r.late_share for r in found],
            "low": [r.low for r in found],
            "high": [r.high for r in found],
            "mean_days_late": [r.mean_days_late for r in found],
        },
        schema={
            "service": pl.String,
            "parcels": pl.Int64,
            "late": pl.Int64,
            "late_share": pl.Float64,
            "low": pl.Float64,
            "high": pl.Float64,
            "mean_days_late": pl.Float64,
        },
    )


def _keep(
    store: Store, snapshots: Snapshots, company: Company, learned: LearnedTransit, now: datetime
) -> LearnedTransit:
    about = pl.DataFrame(
        {
            "fitted_on": [learned.fitted_on],
            "deliveries": ["+".join(company.digests[name] for name in _sources(company))],
            "network": [company.digests["network"]],
            "notes": ["\n".join(learned.notes)],
        }
    )
    digest = snapshots.take(
        {
            "transit": learned.transit,
            "zones": learned.zones,
            "lanes": learned.lanes,
            "reliability": learned.reliability,
            "weekdays": learned.weekdays,
            "lane_weekdays": learned.lane_weekdays,
            "about": about,
        }
    )
    with store.transaction() as books:
        books.point(POINTER, digest, now)
    return LearnedTransit(
        learned.fitted_on,
        learned.transit,
        learned.zones,
        learned.lanes,
        learned.reliability,
        learned.notes,
        digest,
        learned.weekdays,
        learned.lane_weekdays,
    )
