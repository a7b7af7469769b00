"""Quoted against invoiced: where the difference lies, since when, and what it costs."""

from evenstock.freight.drift.findings import Correction, Drift, drifts, last_day
from evenstock.freight.drift.parts import BASE, FUEL, Cause, billed, parts
from evenstock.freight.drift.series import Series, series_of, weeks

__all__ = [
    "BASE",
    "FUEL",
    "Cause",
    "Correction",
    "Drift",
    "Series",
    "billed",
    "drifts",
    "last_day",
    "parts",
    "series_of",
    "weeks",
]
