"""What things cost a company beyond freight: the few numbers that only it can know."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from evenstock.domain.item import Item
from evenstock.domain.names import Cents

MOST_TRIED_BP: Final = 5_000
"""Most of all orders that may be tried otherwise, in hundredths of a percent."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Cost parameters in whole cents or basis points (hundredths of a percent); each has a default that can be argued with."""

    late_order_cents: Cents = Cents(900)
    """A promise broken: the refund, the ticket and the customer, on average."""
    extra_shipment_cents: Cents = Cents(75)
    """A second parcel beyond its own freight: the customer opens the door twice, service answers once more."""
    short_pick_cents: Cents = Cents(1_200)
    """A unit that is not there when it is picked: the walk, the second decision, the parcel that follows or the refund."""
    claim_cents: Cents = Cents(500)
    """A parcel lost or damaged, beyond its goods: the ticket, the claim on the carrier, the second parcel."""
    carbon_cents_per_tonne: Cents = Cents(0)
    """Price of a tonne of CO2 equivalent on the way to the customer; 0 leaves it out of decisions."""
    switch_cents: Cents = Cents(25)
    """Least saving for which an order that is not released yet is given to another node."""
    regret_budget_millicents: int = 1_000
    """Mean expected regret an order that may be decided without a person, in thousandths of a cent."""
    goodwill_bp: int = 1_000
    """Value of an order's goodwill lost with an unserved unit, as a share of its price."""
    capital_bp_per_year: int = 1_200
    """Cost of money bound in stock and in transit: 8 to 15 percent is usual."""
    holding_bp_per_year: int = 1_000
    """Space, insurance and obsolescence of stock, without capital."""
    horizon_days: int = 28
    """How far tonight's plan looks ahead."""
    nights_between_plans: int = 1
    """Nights from one plan to the next: a lane that leaves later than that is decided by a later plan."""
    line_benefit_cents: Cents = Cents(100)
    """Least worth of a transfer line, before its cost, that is worth a person's attention."""
    line_benefit_bp: int = 11_000
    """The same as a share of the line's cost."""
    departure_benefit_cents: Cents = Cents(0)
    """The same of a departure, less what its lines cost by themselves."""
    transfer_budget_cents: Cents = Cents(0)
    """Most that freight and handling of a night's transfers may cost; 0 where nothing limits."""
    cooling_off_days: int = 14
    """Nights within which goods that were moved do not move back."""
    revision_bp: int = 0
    """Standard deviations, in hundredths of a percent of one, by which a move must beat what prices may change by tomorrow; 0
    asks nothing: in four-week simulations it neither gained nor lost."""
    tail_weight_bp: int = 0
    """Weight of the mean lost margin of the worst tenth of futures, beside the mean of all; 0 for none."""
    stale_feed_bp_per_hour: int = 100
    """Where a node's feed is silent and beliefs know what sells there, what may have been sold since is held back, as in their
    buffers. This is for items of which they know nothing: the share of what the node could promise that is held back for each
    hour of silence beyond twice its pace, in hundredths of a percent, at most half of it, so that no paid order is refused for
    silence alone. 0 holds nothing back for silence, known or not. Nodes without a source of known pace are not judged."""
    explore_share_bp: int = 0
    """Share of orders that may ship by another service on purpose, to learn how it does; at most half. Of this and the two
    below, 0 in any tries nothing."""
    explore_within_cents: Cents = Cents(0)
    """Most that one such try may cost beyond the best plan."""
    explore_week_cents: Cents = Cents(0)
    """Most that the tries of a week (from Monday, UTC) may cost together beyond the best plans."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 0:
                raise ValueError(f"costs: {field.name} cannot be below zero")
        if self.nights_between_plans < 1:
            raise ValueError("costs: nights_between_plans is at least 1")
        if not 1 <= self.horizon_days <= 60:
            raise ValueError(f"costs: horizon_days is 1 to 60, not {self.horizon_days}")
        if self.explore_share_bp > MOST_TRIED_BP:
            raise ValueError(
                f"costs: explore_share_bp is 0 to {MOST_TRIED_BP:,}, not {self.explore_share_bp}: at most half of all "
                "orders are tried otherwise"
            )

    @property
    def explores(self) -> bool:
        """Whether some orders may ship by another service on purpose."""
        return self.explore_share_bp > 0 and self.explore_within_cents > 0 and self.explore_week_cents > 0

    def lost_unit_cents(self, item: Item) -> Cents:
        """What a unit that is not served costs: its margin, and the goodwill of who wanted it.

        Examples
        --------
        A cup sold at 10.00 that cost 4.00 loses 6.00 and a tenth of its price.

        >>> from evenstock.domain.names import Grams, Sku
        >>> Costs().lost_unit_cents(Item(Sku("CUP"), Grams(300), unit_cost_cents=Cents(400), price_cents=Cents(1_000)))
        700
        """
        margin = max(0, item.price_cents - item.unit_cost_cents)
        return Cents(margin + item.price_cents * self.goodwill_bp // 10_000)
