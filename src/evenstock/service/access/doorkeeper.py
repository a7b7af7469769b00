"""Who asks, by key or by session, and whether he may.

Whoever was found is remembered for five seconds, so that most requests ask no books. A change that this process makes (a key
revoked, an account disabled, a session ended) holds at once here; another process of the service follows within those five
seconds. What expires does so by the store's clock, within the same five seconds.
"""

from __future__ import annotations

import logging
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Final

from fastapi import Request

from evenstock.operations.access.actions import Action
from evenstock.operations.access.api_key import Quota
from evenstock.operations.access.grants import text_of
from evenstock.operations.access.principal import Principal
from evenstock.operations.actors.at_the_door import Caller, caller_by_key, caller_by_session
from evenstock.operations.actors.meter import Meter
from evenstock.operations.actors.standing import Quarantine
from evenstock.operations.company import NothingImportedError
from evenstock.operations.ports import Store
from evenstock.service.access.credentials import Credential, Digests, cookie_name, credential_of
from evenstock.service.access.oidc.signing_in import ProviderSignIn
from evenstock.service.access.passwords import Passwords
from evenstock.service.access.permissions import Found, Permissions
from evenstock.service.access.quotas import Buckets
from evenstock.service.access.same_site import changes, refuse_other_sites, require_token
from evenstock.service.company_now import CompanyNow, Standing
from evenstock.service.configuration import Configuration
from evenstock.service.http.problems import Problem

_LOG: Final = logging.getLogger("evenstock.service")
REMEMBERED_S: Final = 5.0
MOST_REMEMBERED: Final = 10_000
SESSION_QUOTA: Final = Quota(100, 500)
UNKNOWN_QUOTA: Final = Quota(5, 50)
"""Credentials of nobody that one address may bring."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    principal: Principal | None
    """None: nobody's."""
    quota: Quota
    until: float
    held: Quarantine | None = None
    """Of a key, or its owner: it is told so and gets no further."""


class Doorkeeper:
    """Access to one process of the service."""

    def __init__(
        self,
        store: Store,
        configuration: Configuration,
        company: CompanyNow,
        ticks: Callable[[], float] = monotonic,
    ) -> None:
        """Raise ConfigurationError where the pepper is missing or short, or the identity provider's settings cannot be used."""
        self.digests = Digests(configuration.pepper)
        self.passwords = Passwords()
        self.permissions = Permissions()
        self.provider = ProviderSignIn(store, configuration, self.digests) if configuration.oidc_issuer else None
        self.cookie = cookie_name(configuration)
        self._store, self._configuration, self._company, self._ticks = store, configuration, company, ticks
        self._remembered: OrderedDict[bytes, _Remembered] = OrderedDict()
        self._changing = Lock()
        self._generation = 0
        self._buckets, self._strangers = Buckets(ticks=ticks), Buckets(ticks=ticks)
        self.meter = Meter(store, ticks, self.changed, _LOG.warning)
        """Counts what capped keys do; told of every commit where the store is audited."""
        listen = getattr(store, "listen", None)
        if listen is not None:
            listen(self.meter.heard)
        self._countries: tuple[Standing | None, Mapping[str, str]] = (None, {})

    # --- who ---------------------------------------------------------------------------------------------------

    def known(self, request: Request) -> Principal | None:
        """Whoever these credentials were of moments ago. Raises Problem as `authenticate` does."""
        credential = self._credential(request)
        found = self._remembered.get(credential.fingerprint)
        if found is None or found.until <= self._ticks():
            return None
        return self._admitted(request, credential, found)

    def authenticate(self, request: Request) -> Principal:
        """Whoever these credentials are of, by the books.

        Raises Problem `not_authenticated`; `cross_site` for a change by cookie that another page may have sent;
        `too_many_requests` with Retry-After for a caller beyond its quota, or an address that brings many wrong credentials.
        """
        credential = self._credential(request)
        fingerprint = credential.fingerprint
        address = request.client.host if request.client else ""
        before = self._remembered.get(fingerprint)
        # Whoever got in before is not kept out by strangers who share an address with him, such as a proxy's.
        if (before is None or before.principal is None) and self._strangers.empty(address, UNKNOWN_QUOTA):
            raise _too_many(1 / UNKNOWN_QUOTA.per_s, "too many wrong credentials come from this address")
        generation = self._generation
        found = self._look(credential)
        if found.principal is None:
            self._strangers.take(address, UNKNOWN_QUOTA)
        self._remember(fingerprint, found, generation)
        return self._admitted(request, credential, found)

    def changed(self) -> None:
        """Forget whoever is remembered: call it after a key, an account or a session was changed."""
        with self._changing:
            self._generation += 1
            self._remembered.clear()

    # --- whether -----------------------------------------------------------------------------------------------

    def require(self, principal: Principal, action: Action, request: Request) -> None:  # noqa: ARG002
        if principal.held and not _harmless(action):
            raise _quarantined(principal.id, principal.held)
        found = self._found(principal, action)
        if found.anywhere:
            return
        roles = ", ".join(text_of(grant) for grant in principal.grants) or "none"
        able = ", ".join(self.permissions.roles_of[action]) or "no role"
        because = f"; {'; '.join(found.forbidden_by)}" if found.forbidden_by else ""
        raise Problem(
            "not_allowed", f"{action} is not permitted by your roles ({roles}){because}; it needs one of: {able}"
        )

    def nodes(self, principal: Principal, action: Action) -> frozenset[str] | None:
        return self._found(principal, action).nodes

    def permitted(self, principal: Principal) -> dict[Action, frozenset[str] | None]:
        """Everything somebody may do, with the nodes at which; None: everywhere."""
        able = (action for action in Action if not principal.held or _harmless(action))
        answers = {action: self._found(principal, action) for action in able}
        return {action: found.nodes for action, found in answers.items() if found.anywhere}

    def _found(self, principal: Principal, action: Action) -> Found:
        return self.permissions.found(principal, action, self.countries)

    def countries(self) -> Mapping[str, str]:
        """Country of each node: the same mapping until the company changes."""
        try:
            standing = self._company.get()
        except NothingImportedError:
            return {}
        if self._countries[0] is not standing:
            nodes = standing.company.network.nodes
            self._countries = (standing, {str(name): node.country for name, node in nodes.items()})
        return self._countries[1]

    # --- how ---------------------------------------------------------------------------------------------------

    def _credential(self, request: Request) -> Credential:
        found = credential_of(request, self.cookie)
        if found is None:
            raise _nobody("there is neither a key nor a session in the request")
        return found

    def _look(self, credential: Credential) -> _Remembered:
        until = self._ticks() + REMEMBERED_S
        digests = self.digests.all(credential.kind, credential.token)
        if credential.kind == "session":
            there = caller_by_session(self._store, digests)
            return _Remembered(there.principal if there else None, SESSION_QUOTA, until)
        key = caller_by_key(self._store, credential.key_id, digests) if credential.key_id else None
        if key is None:
            return _Remembered(None, UNKNOWN_QUOTA, until)
        self._count(key)
        return _Remembered(key.principal, key.quota or Quota(), until, key.held)

    def _count(self, key: Caller) -> None:
        """Count what a capped key does from its first request on; anew once it was released."""
        if key.held is None:
            self.meter.cap(key.principal.id, key.caps)
        else:
            self.meter.forget(key.principal.id)

    def _admitted(self, request: Request, credential: Credential, found: _Remembered) -> Principal:
        principal = found.principal
        if principal is None:
            raise _nobody("the key or the session is unknown, revoked or over")
        wait_s = self._buckets.take(principal.session or principal.id, found.quota)
        if wait_s:
            raise _too_many(wait_s, f"{principal.id} may ask {found.quota.per_s} times a second")
        if found.held is not None:
            raise _quarantined(found.held.actor, found.held.in_general)
        if credential.kind == "session" and changes(request):
            refuse_other_sites(request, self._configuration)
            require_token(request, self.digests, credential.token)
        return principal

    def _remember(self, fingerprint: bytes, found: _Remembered, generation: int) -> None:
        with self._changing:
            # Looked up before a change that was made meanwhile: right for this request, not for the next.
            if generation != self._generation:
                return
            self._remembered[fingerprint] = found
            self._remembered.move_to_end(fingerprint)
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)


def doorkeeper_of(request: Request) -> Doorkeeper:
    """Dependency: the accounts of this service. Raises Problem `no_accounts` where it keeps none."""
    access = request.app.state.service.access
    if not isinstance(access, Doorkeeper):
        raise Problem("no_accounts", "this service lets callers in some other way")
    return access


def _nobody(detail: str) -> Problem:
    return Problem("not_authenticated", detail, headers={"WWW-Authenticate": 'Bearer realm="evenstock"'})


def _harmless(action: Action) -> bool:
    """What a person who is quarantined may still do: read, and see to his own session."""
    return action is Action.OWN_SESSION or action.value.endswith(".read")


def _quarantined(actor: str, because: str) -> Problem:
    return Problem("quarantined", f"{actor} is quarantined: {because}")


def _too_many(wait_s: float, detail: str) -> Problem:
    return Problem("too_many_requests", detail, headers={"Retry-After": str(max(1, math.ceil(wait_s)))})
