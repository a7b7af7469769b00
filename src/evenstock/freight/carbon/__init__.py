"""What moving goods emits: factors with their sources, one shipment, many lanes."""

from evenstock.freight.carbon.factors import FACTORS, Factor, Mode
from evenstock.freight.carbon.lanes import lane_emissions
from evenstock.freight.carbon.modes import service_mode
from evenstock.freight.carbon.shipment import Emissions, emissions, load_factor, travelled_km

__all__ = [
    "FACTORS",
    "Emissions",
    "Factor",
    "Mode",
    "emissions",
    "lane_emissions",
    "load_factor",
    "service_mode",
    "travelled_km",
]
