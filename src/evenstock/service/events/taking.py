"""What the routes of events share in one process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from fastapi import Request

from evenstock.service.access.vault import Vault
from evenstock.service.configuration import ConfigurationError, Secret
from evenstock.service.context import Service
from evenstock.service.events.intake import Intake
from evenstock.service.events.known_sources import KnownSources
from evenstock.service.http.problems import Problem
from evenstock.service.telemetry.source_metrics import SourceCounts, counts_of

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Taking:
    """One process's intake of events."""

    sources: KnownSources
    intake: Intake
    counts: SourceCounts


def taking_of(request: Request) -> Taking:
    """Dependency: the intake of the process that a request came to."""
    state = request.app.state
    found: Taking | None = getattr(state, "taking", None)
    if found is None:
        service: Service = state.service
        opened: Callable[[], Vault] = lambda: vault_of(service)  # noqa: E731 (a name would say no more)
        found = state.taking = Taking(
            KnownSources(service.store, opened),
            Intake(service.store, service.clock),
            counts_of(service.telemetry.metrics.registry),
        )
    return found


def vault_of(service: Service) -> Vault:
    """Raises Problem where the service has no key to seal secrets with."""
    try:
        return _vault(service.configuration.secrets_key.reveal())
    except ConfigurationError as error:
        raise Problem("refused", f"secrets cannot be kept: {error}") from None


@cache
def _vault(secrets_key: str) -> Vault:
    # Deriving its keys takes longer than a webhook does.
    return Vault(Secret(secrets_key))
