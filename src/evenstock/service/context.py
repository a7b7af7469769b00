"""What every request handler and job works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from fastapi import Request

from evenstock.operations.access.actions import Action
from evenstock.operations.access.principal import Principal
from evenstock.operations.ports import Snapshots, Store
from evenstock.service.admission import Admission
from evenstock.service.company_now import CompanyNow
from evenstock.service.configuration import Configuration
from evenstock.service.telemetry import Telemetry
from evenstock.service.telemetry.observed_store import ObservedStore
from evenstock.settings import Settings

if TYPE_CHECKING:
    from evenstock.service.gathered import Gathered
    from evenstock.service.readiness import Readiness
    from evenstock.service.telemetry.watching import Watching


class Access(Protocol):
    """Who asks, and whether he may."""

    def known(self, request: Request) -> Principal | None:
        """Whoever was found for these credentials moments ago, without asking the books; None where nobody was."""

    def authenticate(self, request: Request) -> Principal:
        """Whoever these credentials are of, asking the books. Raises Problem `not_authenticated`, `too_many_requests`."""

    def require(self, principal: Principal, action: Action, request: Request) -> None:
        """Raise Problem `not_allowed` unless one of the grants permits the action somewhere."""

    def nodes(self, principal: Principal, action: Action) -> frozenset[str] | None:
        """Nodes at which the action is permitted; None for every node."""


@dataclass
class Service:
    """One process of the service."""

    settings: Settings
    configuration: Configuration
    store: Store
    snapshots: Snapshots
    clock: Callable[[], datetime]
    access: Access
    company: CompanyNow
    admission: Admission = field(default_factory=Admission)
    telemetry: Telemetry = field(default_factory=Telemetry)

    def __post_init__(self) -> None:
        if not isinstance(self.store, ObservedStore):
            self.store = ObservedStore(self.store, self.telemetry.metrics)

    @cached_property
    def gathered(self) -> Gathered:
        from evenstock.service.gathered import Gathered

        return Gathered(self)

    @cached_property
    def readiness(self) -> Readiness:
        from evenstock.service.readiness import Readiness

        return Readiness(self)

    @cached_property
    def watching(self) -> Watching:
        from evenstock.service.telemetry.watching import Watching

        return Watching(self)


def service_of(request: Request) -> Service:
    """Dependency: the service that a request came to."""
    found: Service = request.app.state.service
    return found
