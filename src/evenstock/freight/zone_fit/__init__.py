"""Learns from a carrier's own zone chart which point each postal area is reckoned from."""

from evenstock.freight.zone_fit.fit import FittedPlaces, fit_places
from evenstock.freight.zone_fit.hold_out import Agreement, agreement, hold_out

__all__ = ["Agreement", "FittedPlaces", "agreement", "fit_places", "hold_out"]
