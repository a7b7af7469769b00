"""How carriers keep their word: their card, and the week's review."""

from evenstock.operations.score_carriers.outcomes import CarrierOutcomes, carrier_outcomes
from evenstock.operations.score_carriers.propensities import propensities_of
from evenstock.operations.score_carriers.review import CarrierReview, review_carriers, told_once, worth_of
from evenstock.operations.score_carriers.score import WEEKS, CarrierScores, score_carriers

__all__ = [
    "WEEKS",
    "CarrierOutcomes",
    "CarrierReview",
    "CarrierScores",
    "carrier_outcomes",
    "propensities_of",
    "review_carriers",
    "score_carriers",
    "told_once",
    "worth_of",
]
