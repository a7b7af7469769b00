"""The sources as requests see them: secrets opened, rules ready, at most a second old."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Final

from evenstock.operations.actors.standing import quarantines
from evenstock.operations.inbound.sources import Source, sources
from evenstock.operations.ports import Store
from evenstock.service.access.vault import SealError, Vault
from evenstock.service.events.mapping import Rule, compiled
from evenstock.service.events.signing import BadSignatureError, Scheme, Signed, schemes, with_defaults
from evenstock.service.guard import in_thread

OLD_S: Final = 1.0
"""How long a changed source, or a secret that was withdrawn, may still hold in another process."""
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Known:
    """A source ready for use."""

    source: Source
    scheme: Scheme | None
    options: Mapping[str, str]
    keys: tuple[tuple[bytes, datetime | None], ...]
    """Each with the moment from which it is good no longer."""
    rules: tuple[Rule, ...]
    closed: str = ""
    """Why its secrets cannot be used; empty where they can."""
    held: str = ""
    """Why it is quarantined, in general words; empty where it is not."""

    def carried(self, headers: Mapping[str, str]) -> bool:
        return self.scheme is not None and self.scheme.carried(headers, self.options)

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Signed:
        """Raises BadSignatureError."""
        assert self.scheme is not None
        keys = [key for key, until in self.keys if until is None or now < until]
        if not keys:
            raise BadSignatureError(self.closed or f"the source {self.source.id} has no secret in force")
        return self.scheme.verify(keys, headers, body, self.options, now)


@dataclass
class KnownSources:
    """Runs in one event loop; not for threads."""

    store: Store
    vault: Callable[[], Vault]
    _known: Mapping[str, Known] = field(default_factory=dict)
    _looked: float = float("-inf")
    _looking: asyncio.Future[None] | None = None

    async def get(self, name: str) -> Known | None:
        if monotonic() - self._looked > OLD_S:
            await self._look()
        return self._known.get(name)

    def forget(self) -> None:
        """Look again before the next request: something was changed in this process."""
        self._looked = float("-inf")

    async def _look(self) -> None:
        looking = self._looking
        if looking is None or looking.done():
            looking = self._looking = asyncio.ensure_future(self._load())
        await asyncio.shield(looking)

    async def _load(self) -> None:
        began = monotonic()
        self._known = await in_thread(partial(_every, self.store, self.vault))
        self._looked = began


def _every(store: Store, vault: Callable[[], Vault]) -> dict[str, Known]:
    found: list[Source] = []
    with store.reading() as books:
        while some := sources(books, after=found[-1].id if found else "", limit=_PAGE):
            found += some
            if len(some) < _PAGE:
                break
        held = {one.actor: one.in_general for one in quarantines(books) if one.actor.startswith("source:")}
    known = {source.id: ready(source, vault) for source in found}
    return {name: replace(one, held=held.get(f"source:{name}", "")) for name, one in known.items()}


def ready(source: Source, vault: Callable[[], Vault]) -> Known:
    """A source whose secrets are opened; where they cannot be, it says why and takes nothing that is signed."""
    rules = compiled(source.mapping)
    scheme = schemes().get(source.scheme)
    if scheme is None:
        return Known(source, None, {}, (), rules)
    options = with_defaults(scheme, source.options)
    try:
        keys = tuple(
            (scheme.key(vault().open(one.sealed, about(source.id)).decode(), options), one.until)
            for one in source.secrets
        )
    except (SealError, ValueError) as error:
        return Known(source, scheme, options, (), rules, f"a secret of {source.id} cannot be used: {error}")
    return Known(source, scheme, options, keys, rules)


def about(source: str) -> str:
    """What a sealed secret of a source is of."""
    return f"source {source}"
