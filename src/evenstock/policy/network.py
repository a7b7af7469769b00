"""What a policy is compiled against: the nodes and items that its rules may name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evenstock.domain import Item, Node, NodeId, Sku


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Nodes in a fixed order, so that a rule can keep one answer for each, and every item."""

    nodes: tuple[Node, ...]
    items: Mapping[Sku, Item]
    index: Mapping[NodeId, int]
    """Position of each node in `nodes`."""
    services: frozenset[str] = frozenset()
    """Services that exist; empty where unknown, and then any may be named."""
