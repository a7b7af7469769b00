"""What operators see of the service: logs, metrics and traces, none of which can hold a secret or change a decision."""

from __future__ import annotations

from dataclasses import dataclass, field

from evenstock.service.telemetry.metrics import Metrics
from evenstock.service.telemetry.tracing import Tracing

__all__ = ["Telemetry"]


@dataclass
class Telemetry:
    """Of one process."""

    metrics: Metrics = field(default_factory=Metrics)
    tracing: Tracing = field(default_factory=Tracing)

    def close(self) -> None:
        """Send what waits."""
        self.tracing.close()
