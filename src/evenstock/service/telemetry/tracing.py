"""Where the time of one request went: spans for admission, who asks, what is read, decided and committed.

A share of requests is traced, drawn by us and never by the caller; all others pay one look at a context variable. Nothing is
traced, and OpenTelemetry is not even imported, where no endpoint is configured. Spans hold names, counts and outcomes; no ids of
orders or people, no values.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from evenstock import __version__

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Tracer

_OF: Final = 1 << 32
EXPORT_S: Final = 5.0
"""How long one export may take; what cannot be sent is dropped, and no request waits for it."""
Attributes = Mapping[str, str | int | float | bool]

TRACED: ContextVar[Tracer | None] = ContextVar("traced", default=None)
"""The tracer of the request at hand, where it is one of the share."""
_NOTHING: Final[AbstractContextManager[None]] = nullcontext()


def span(name: str) -> AbstractContextManager[Any]:
    """A step of the request at hand; free where it is not traced."""
    tracer = TRACED.get()
    if tracer is None:
        return _NOTHING
    # What an exception says may hold somebody's data: the log has it, redacted.
    return tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False)


def note(attributes: Attributes) -> None:
    """Say something of the step at hand."""
    if TRACED.get() is not None:
        from opentelemetry import trace

        trace.get_current_span().set_attributes(dict(attributes))


class Tracing:
    """Draws the requests that are traced."""

    def __init__(self, endpoint: str = "", share: float = 0.0, draw: Callable[[], int] | None = None) -> None:
        self.endpoint, self.share = endpoint, share
        self._draw = draw or (lambda: secrets.randbits(32))
        self._least = int(share * _OF)
        self._tracer: Tracer | None = None
        self._close: Callable[[], None] = lambda: None
        if endpoint and share > 0:
            self.send_to(_over_http(endpoint))

    @property
    def on(self) -> bool:
        return self._tracer is not None

    def send_to(self, processor: SpanProcessor) -> None:
        """Trace, and hand finished spans to `processor`."""
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON

        resource = Resource({"service.name": "evenstock", "service.version": __version__})
        provider = TracerProvider(sampler=ALWAYS_ON, resource=resource)
        provider.add_span_processor(processor)
        self._tracer = provider.get_tracer("evenstock", __version__)
        self._close = provider.shutdown

    def drawn(self) -> bool:
        """Whether this request is one of the share."""
        return self._tracer is not None and self._draw() < self._least

    @contextmanager
    def request(self, name: str, headers: Mapping[str, str]) -> Iterator[str]:
        """Trace the block as one request; yields the trace's id. A caller's `traceparent` (W3C) becomes its parent."""
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        assert self._tracer is not None
        parent = TraceContextTextMapPropagator().extract(dict(headers))
        token = TRACED.set(self._tracer)
        try:
            with self._tracer.start_as_current_span(
                name, context=parent, kind=SpanKind.SERVER, record_exception=False, set_status_on_exception=False
            ) as begun:
                yield format(begun.get_span_context().trace_id, "032x")
        finally:
            TRACED.reset(token)

    def close(self) -> None:
        self._close()


def _over_http(endpoint: str) -> SpanProcessor:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    address = endpoint.rstrip("/")
    if not address.endswith("/v1/traces"):
        address += "/v1/traces"
    return BatchSpanProcessor(OTLPSpanExporter(endpoint=address, timeout=EXPORT_S), max_queue_size=2_048)
