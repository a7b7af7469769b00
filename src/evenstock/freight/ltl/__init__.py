"""Less than truckload: class, tariff, contract and what a shipment pays."""

from evenstock.freight.ltl.book import LtlBook, NoQuote
from evenstock.freight.ltl.handling_units import HandlingUnits, billed_lb, linear_feet
from evenstock.freight.ltl.many import Charges, LtlTable
from evenstock.freight.ltl.rating import LtlQuote

__all__ = ["Charges", "HandlingUnits", "LtlBook", "LtlQuote", "LtlTable", "NoQuote", "billed_lb", "linear_feet"]
