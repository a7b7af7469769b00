"""Whether a carrier's service has begun to fail on a lane, since when, and what to do about it is worth."""

from evenstock.freight.failing.detect import FALSE_A_QUARTER, Failing, detect, reached
from evenstock.freight.failing.evidence import Evidence, carrier_of, evidence
from evenstock.freight.failing.mended import mended
from evenstock.freight.failing.now import Now, now
from evenstock.freight.failing.patterns import PATTERNS
from evenstock.freight.failing.usual import Usual, usual

__all__ = [
    "FALSE_A_QUARTER",
    "PATTERNS",
    "Evidence",
    "Failing",
    "Now",
    "Usual",
    "carrier_of",
    "detect",
    "evidence",
    "mended",
    "now",
    "reached",
    "usual",
]
