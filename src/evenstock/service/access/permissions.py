"""Who may do what, and where: Cedar evaluates the policies shipped in `policies/`; whatever none permits is refused.

A caller is an entity with the places of each role; a place is the company, a country of it, or a node. Policies do not change
while a process runs, so what was found for the same grants, kind, action and map of nodes is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any, Final

import cedarpy

from evenstock.operations.access.actions import Action
from evenstock.operations.access.principal import Grant, Kind, Principal, Role

_FOLDER: Final = resources.files("evenstock.service.access") / "policies"
_CALLER: Final = {"type": "Evenstock::Caller", "id": "caller"}
_COMPANY: Final = "company"
_SOURCE: Final = "source"
BEYOND_OWNER: Final = "a key may do no more than its owner may do now"
MOST_REMEMBERED: Final = 10_000
"""Answers kept; beyond, all are forgotten and found anew."""


class PolicyFileError(RuntimeError):
    """The policies shipped with this version do not fit their schema: the installation is damaged."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where somebody may do something."""

    anywhere: bool
    nodes: frozenset[str] | None
    """None: at every node."""
    forbidden_by: tuple[str, ...] = ()
    """Names of the policies that forbid it; empty where none permits it."""


class Permissions:
    """The policies of this version, compiled."""

    def __init__(self) -> None:
        """Raise PolicyFileError where policies and schema do not fit."""
        schema, policies = ((_FOLDER / name).read_text("utf-8") for name in ("evenstock.cedarschema", "roles.cedar"))
        self._schema = cedarpy.Schema.from_str(schema)
        self._policies = cedarpy.PolicySet.from_str(policies)
        valid = cedarpy.validate_policies(policies, self._schema)
        if not valid.validation_passed:
            raise PolicyFileError("; ".join(str(error) for error in valid.errors))
        unknown = [action.value for action in Action if f'"{action.value}"' not in schema]
        if unknown:
            raise PolicyFileError(f"no policy speaks of {', '.join(unknown)}: put it into evenstock.cedarschema")
        self._names = re.findall(r'^@id\("([^"]+)"\)$', policies, re.MULTILINE)
        self._remembered: dict[tuple[tuple[Grant, ...], Kind, Action], tuple[Found, Mapping[str, str] | None]] = {}

    def found(self, principal: Principal, action: Action, countries: Callable[[], Mapping[str, str]]) -> Found:
        """Where `principal` may do `action`: of a key with an owner, where both its own grants and its owner's let it.

        Parameters
        ----------
        countries
            Gives the country of each node, another mapping whenever nodes have changed; asked only for whom countries count.
        """
        own = self._found(principal.grants, principal.kind, action, countries)
        if principal.within is None or not own.anywhere:
            return own
        # Of the owner is asked what he would be permitted by key too: what only a person does, no key does for him.
        return _both(own, self._found(principal.within, principal.kind, action, countries))

    def _found(
        self, grants: tuple[Grant, ...], kind: Kind, action: Action, countries: Callable[[], Mapping[str, str]]
    ) -> Found:
        key = (grants, kind, action)
        known = self._remembered.get(key)
        if known is not None and (known[1] is None or known[1] is countries()):
            return known[0]
        over = countries() if any(grant.regions for grant in grants) else None
        answer = self._evaluate(grants, kind, action, over or {})
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered = {}
        self._remembered[key] = (answer, over)
        return answer

    @cached_property
    def roles_of(self) -> Mapping[Action, tuple[Role, ...]]:
        """Which roles permit each action to a person, or else to a key, where they hold everywhere."""

        def permits(role: Role, action: Action) -> bool:
            grants = (Grant(role),)
            return any(self._evaluate(grants, kind, action, {}).anywhere for kind in (Kind.PERSON, Kind.INTEGRATION))

        return {action: tuple(role for role in Role if permits(role, action)) for action in Action}

    def _evaluate(self, grants: tuple[Grant, ...], kind: Kind, action: Action, countries: Mapping[str, str]) -> Found:
        caller = {"kind": kind.value, **_places(grants)}
        regions = {region for grant in grants for region in grant.regions}
        nodes = {str(node) for grant in grants for node in grant.nodes}
        nodes |= {node for node, country in countries.items() if country in regions}
        asked = [_COMPANY, *(f"country:{one}" for one in sorted(regions)), *(f"node:{one}" for one in sorted(nodes))]
        entities = [{"uid": _CALLER, "attrs": caller, "parents": []}, *_map(asked, nodes, countries)]
        answers = dict(zip(asked, self._ask(asked, action, entities), strict=True))
        if answers[_COMPANY].allowed:
            return Found(anywhere=True, nodes=None)
        allowed = frozenset(node for node in nodes if answers[f"node:{node}"].allowed)
        if any(answer.allowed for answer in answers.values()):
            return Found(anywhere=True, nodes=allowed)
        barred = {name for answer in answers.values() for name in self._named(answer.diagnostics.reasons)}
        return Found(anywhere=False, nodes=frozenset(), forbidden_by=tuple(sorted(barred)))

    def _ask(self, places: Iterable[str], action: Action, entities: list[dict[str, Any]]) -> list[Any]:
        requests = [
            {
                "principal": _CALLER,
                "action": {"type": "Evenstock::Action", "id": action.value},
                "resource": {"type": "Evenstock::Place", "id": place},
                "context": {},
            }
            for place in places
        ]
        answers = cedarpy.is_authorized_batch(requests, self._policies, entities, self._schema)
        wrong = [error for answer in answers for error in answer.diagnostics.errors]
        if wrong:
            raise PolicyFileError(f"{action}: {'; '.join(map(str, wrong))}")
        return list(answers)

    def _named(self, reasons: Iterable[str]) -> list[str]:
        return [self._names[int(reason.removeprefix("policy"))] for reason in reasons]


def _both(own: Found, owners: Found) -> Found:
    """Where a key and its owner both may."""
    if own.nodes is None or owners.nodes is None:
        nodes = owners.nodes if own.nodes is None else own.nodes
    else:
        nodes = own.nodes & owners.nodes
    if not owners.anywhere or (nodes is not None and not nodes and bool(own.nodes or owners.nodes)):
        return Found(anywhere=False, nodes=frozenset(), forbidden_by=(BEYOND_OWNER,))
    return Found(anywhere=True, nodes=nodes)


def _places(grants: tuple[Grant, ...]) -> dict[str, list[dict[str, Any]]]:
    """The places of each role; an integration bound to a source has only what that source's feed needs."""
    found: dict[str, set[str]] = {}
    for grant in grants:
        role = _SOURCE if grant.role is Role.INTEGRATION and grant.source else grant.role.value
        places = {f"node:{node}" for node in grant.nodes} | {f"country:{region}" for region in grant.regions}
        found.setdefault(role, set()).update(places or {_COMPANY})
    return {role: [{"__entity": _place(name)} for name in sorted(places)] for role, places in found.items()}


def _map(asked: Iterable[str], nodes: Iterable[str], countries: Mapping[str, str]) -> list[dict[str, Any]]:
    """Nodes lie in their countries, countries in the company."""
    inside = {f"node:{node}": f"country:{countries[node]}" for node in nodes if node in countries}
    there = dict.fromkeys([*asked, *inside.values()])
    entities = []
    for place in there:
        parent = inside.get(place, _COMPANY) if place != _COMPANY else None
        entities.append({"uid": _place(place), "attrs": {}, "parents": [_place(parent)] if parent else []})
    return entities


def _place(name: str) -> dict[str, str]:
    return {"type": "Evenstock::Place", "id": name}
