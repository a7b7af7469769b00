"""Tracking events of any carrier, brought to one set of statuses: journeys of parcels, and scans that are missing."""

from evenstock.freight.tracking.deliveries import deliveries
from evenstock.freight.tracking.journeys import EXCEPTIONS, PROGRESS, Journeys, journeys
from evenstock.freight.tracking.missing import MISSING, missing_scans, scan_discipline, usual_silence

__all__ = [
    "EXCEPTIONS",
    "MISSING",
    "PROGRESS",
    "Journeys",
    "deliveries",
    "journeys",
    "missing_scans",
    "scan_discipline",
    "usual_silence",
]
