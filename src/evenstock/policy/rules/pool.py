"""Orders ship only from the pools named; Amazon's own pool (FBA) never ships brand orders, named or not.

Parameters: `pools`, and conditions on the order. Without `pools`, every pool but FBA's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from evenstock.domain import NodeKind
from evenstock.policy.conditions import ORDER_WHEN, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Bar, Question, Ruling

PARAMETERS: Final = (Parameter("pools", "pools", "pools that may ship", phrase=""), *ORDER_WHEN)


class Pool(Ruling):
    __slots__ = ("_out", "_when")

    def __init__(self, given: Given, network: Network) -> None:
        self._when = OrderWhen(given)
        pools = given.names("pools")
        self._out: list[tuple[int, str]] = []
        for k, node in enumerate(network.nodes):
            if node.kind is NodeKind.FBA:
                self._out.append((k, f"{node.id} is Amazon's own pool and never ships brand orders"))
            elif pools and node.pool not in pools:
                self._out.append((k, f"{node.id} is in pool {node.pool}; only {', '.join(sorted(pools))} may ship"))

    def bars(self, question: Question) -> Iterable[Bar]:
        if self._when.holds(question.order):
            for k, because in self._out:
                there = question.node_of == k
                if there.any():
                    yield Bar(there, because)


def compile_rule(given: Given, network: Network) -> Ruling:
    return Pool(given, network)
