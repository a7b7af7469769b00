"""What pallets pay by contract: by share of a truck and by whole trucks, each line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import typer
from rich.markup import escape

from evenstock.cli.screen import Exit, dollars, fail, page, say, show_whole, table
from evenstock.domain import Node, NodeId
from evenstock.freight.ltl import HandlingUnits
from evenstock.freight.ltl.handling_units import PALLET_LENGTH_MM, PALLET_WIDTH_MM
from evenstock.freight.truckload import Point, point_of, road_miles
from evenstock.operations.company import Company
from evenstock.operations.freight_quotes import ContractQuotes, FreightReply, FreightRequest
from evenstock.operations.lane_freight import FreightContracts

MOST: Final = 500
_MM: Final = {"mm": 1.0, "cm": 10.0, "in": 25.4}
_MODES: Final = {"ltl": "share of a truck", "ftl": "whole trucks"}


@dataclass(frozen=True, slots=True)
class End:
    """Where a shipment begins or ends: a node, or somewhere of a postal code."""

    postal_code: str
    node: Node | None = None

    @classmethod
    def of(cls, here: Company, said: str, what: str) -> End:
        """The node of that name, else the postal code. Raises typer.BadParameter for what is neither."""
        node = here.network.nodes.get(NodeId(said))
        if node is not None:
            return cls(node.postal_code, node)
        if not any(letter.isdigit() for letter in said):
            nodes = ", ".join(map(str, here.network.nodes))
            raise typer.BadParameter(
                f"{said!r} is neither a postal code nor a node; nodes are {nodes}", param_hint=what
            )
        return cls(said)

    @property
    def name(self) -> str:
        return self.postal_code if self.node is None else str(self.node.id)

    def point(self, contracts: FreightContracts) -> Point | None:
        known = self.node is not None and (self.node.latitude or self.node.longitude)
        own = (self.node.latitude, self.node.longitude) if self.node is not None and known else None
        return point_of(self.postal_code, contracts.places, own)


def sides(text: str) -> tuple[int, int, int]:
    """Length, width and height of a pallet in mm; the usual pallet of unknown height (0) where nothing is said."""
    if not text.strip():
        return PALLET_LENGTH_MM, PALLET_WIDTH_MM, 0
    number = r"([0-9]+(?:\.[0-9]+)?)"
    found = re.fullmatch(rf"{number}x{number}x{number}(mm|cm|in)", text.lower().replace(" ", ""))
    if not found or min(float(found[k]) for k in (1, 2, 3)) <= 0:
        raise typer.BadParameter(
            f"{text!r} is no pallet; write length, width and height, such as 48x40x50in", param_hint="--size"
        )
    length, width, height = (round(float(found[k]) * _MM[found[4]]) for k in (1, 2, 3))
    return length, width, height


def units(pallets: int, weight_g: int, size: tuple[int, int, int], freight_class: str) -> HandlingUnits:
    """So many pallets alike. Raises typer.BadParameter for what no trailer takes, and for a class that is none."""
    try:
        return HandlingUnits(pallets, weight_g, *size, freight_class=freight_class)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def quote(
    here: Company, ends: tuple[End, End], load: HandlingUnits, asked: frozenset[str], miles: int | None, on: date, *,
    json: bool,
) -> None:  # fmt: skip
    """Every contract's offer, cheapest first; ends with 5 if one is stale or none can go."""
    contracts = FreightContracts.from_frames(here.tables)
    if contracts.ltl is None and contracts.truckload is None:
        fail(Exit.NOT_FOUND, "no freight contracts: import ltl_contracts with ltl_tariffs, or truckload_rates first")
    lanes = _lanes(contracts, ends)
    if miles is None:
        points = ends[0].point(contracts), ends[1].point(contracts)
        miles = None if points[0] is None or points[1] is None else road_miles(points[0], points[1])
    request = FreightRequest(ends[0].postal_code, ends[1].postal_code, (load,), on, asked, miles, by_service=lanes)
    reply = ContractQuotes(contracts.ltl, contracts.truckload, contracts.places).quote(request)
    if json:
        say(_plain(ends, load, request, reply))
    else:
        _tell(ends, load, request, reply)
    if not reply.offers or any(offer.stale for offer in reply.offers):
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _lanes(contracts: FreightContracts, ends: tuple[End, End]) -> dict[str, frozenset[str]]:
    """By service of the transfer lanes between two nodes, what each departure asks for."""
    here, there = ends[0].node, ends[1].node
    if here is None or there is None:
        return {}
    return {
        contract.service: frozenset(contract.accessorials)
        for (origin, destination, _), contract in contracts.lanes.items()
        if (origin, destination) == (here.id, there.id)
    }


def _plain(ends: tuple[End, End], load: HandlingUnits, request: FreightRequest, reply: FreightReply) -> dict[str, Any]:
    return {
        "from": ends[0].name,
        "to": ends[1].name,
        "on": request.ship_on,
        "pallets": load.count,
        "pallet_g": load.weight_g,
        "sides_mm": [load.length_mm, load.width_mm, load.height_mm],
        "class": load.freight_class or None,
        "miles": request.miles,
        "offers": [
            {
                "service": offer.service,
                "mode": offer.mode,
                "cents": offer.cents,
                "terms": {term.name: term.cents for term in offer.terms},
                "lines": [{"name": x.name, "cents": x.cents, "because": x.because} for x in offer.lines],
                "accessorials": sorted(request.asked_of(offer.service)),
                "of_lane": offer.service in request.by_service,
                "stale": offer.stale,
            }
            for offer in reply.offers
        ],
        "cannot": {message.service: message.text for message in reply.messages},
        "truckload_from": reply.truckload_from,
    }


def _tell(ends: tuple[End, End], load: HandlingUnits, request: FreightRequest, reply: FreightReply) -> None:
    what = f"{load.count} {'pallet' if load.count == 1 else 'pallets'} of {load.weight_g:,} g"
    far = f", {request.miles:,} road miles" if request.miles is not None else ""
    page.print(f"{what}, {ends[0].name} to {ends[1].name} on {request.ship_on}{far}", soft_wrap=True)
    for offer in reply.offers:
        lane = ", contract of the lane" if offer.service in request.by_service else ""
        mark = " (stale)" if offer.stale else ""
        rows = [(line.name, f"{line.cents / 100:,.2f}", escape(line.because)) for line in offer.lines]
        total = f"{escape(offer.service)}, {_MODES[offer.mode]}{lane}: {dollars(offer.cents)}{mark}"
        page.print(f"[bold]{total}[/]", soft_wrap=True)
        show_whole(table("", ("line", "dollars", "how"), rows, frozenset({1})))
    if reply.truckload_from is not None:
        page.print(f"From {reply.truckload_from} such pallets on a whole truck costs no more than a share of one.")
    for stale in dict.fromkeys(offer.stale for offer in reply.offers if offer.stale):
        page.print(f"[yellow]stale[/] {escape(stale)}", soft_wrap=True)
    for message in reply.messages:
        who = "" if message.text.startswith(message.service) else f"{message.service}: "
        page.print(f"[dim]{escape(who + message.text)}[/]", soft_wrap=True)
