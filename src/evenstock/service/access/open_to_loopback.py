"""Whoever comes from this machine may do everything: only while nobody can sign in yet, and only on loopback."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from evenstock.operations.access.actions import Action
from evenstock.operations.access.principal import Grant, Kind, Principal, Role
from evenstock.service.configuration import Configuration
from evenstock.service.http.problems import Problem
from evenstock.service.safe_defaults import loopback

_OWNER: Final = Principal("person:this-machine", Kind.PERSON, tuple(Grant(role) for role in Role), "this machine")


class OpenToLoopback:
    """Refuses every caller from elsewhere."""

    def __init__(self, configuration: Configuration) -> None:
        self._here = loopback(configuration.host)

    def known(self, request: Request) -> Principal | None:
        client = request.client
        return _OWNER if self._here and client is not None and loopback(client.host) else None

    def authenticate(self, request: Request) -> Principal:  # noqa: ARG002
        raise Problem("not_authenticated", "only this machine is known here")

    def require(self, principal: Principal, action: Action, request: Request) -> None:
        """Everything is permitted here."""

    def nodes(self, principal: Principal, action: Action) -> frozenset[str] | None:  # noqa: ARG002
        return None
