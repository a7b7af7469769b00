"""The identity provider: where it signs people in, and its keys; both kept so that an outage of it is not one of ours.

What was read last serves for a day while the provider does not answer; who is signed in stays so in any case, because
sessions are ours. A key that is not known yet is asked for at once, but not more than once in thirty seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import BoundedSemaphore, Lock
from time import monotonic
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic_core import from_json

from evenstock.service.configuration import ConfigurationError
from evenstock.service.egress import Egress, FailedDelivery, RefusedAddress
from evenstock.service.http.problems import Problem

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Signatures that are taken: with a private key of the provider's, never with a secret that is shared."""
FRESH_S: Final = 3_600.0
LAST_S: Final = 86_400.0
ASK_AGAIN_S: Final = 30.0
REFUSE_S: Final = 5.0
"""How long a provider that never answered is not asked again."""
AT_ONCE: Final = 2
"""Codes exchanged at once: a slow provider takes no more of the threads."""
Value = TypeVar("Value")
_LARGEST: Final = 256_000
_AT: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What discovery says, as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    basic: bool
    """Whether the client's secret goes into the header Authorization rather than into the form."""


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Value]):
    """A document as it was read last."""

    value: Value
    read_at: float
    ask_at: float
    """When it is asked for again."""


class _Document(Generic[Value]):
    """One document of the provider. Of many that need it, one asks and the others wait."""

    def __init__(self, read: Callable[[], Value], ticks: Callable[[], float]) -> None:
        self._read, self._ticks = read, ticks
        self._asking = Lock()
        self._kept: _Kept[Value] | None = None
        self._asked_at = self._failed_at = -LAST_S
        self._because = ""

    def get(self, *, newer: bool = False) -> Value:
        """The document; `newer` reads it now, unless that was done moments ago. Raises Problem `unavailable`."""
        kept = self._kept
        if kept is not None and not newer and self._ticks() < kept.ask_at:
            return kept.value
        with self._asking:
            now, kept = self._ticks(), self._kept
            if kept is not None and (now - self._asked_at < ASK_AGAIN_S if newer else now < kept.ask_at):
                return kept.value
            if kept is None and now - self._failed_at < REFUSE_S:
                raise _down(self._because)
            return self._asked(now)

    def _asked(self, now: float) -> Value:
        self._asked_at = now
        try:
            found = self._read()
        except (FailedDelivery, RefusedAddress, ValueError, JoseError, KeyError, TypeError) as error:
            self._failed_at, self._because = self._ticks(), str(error)
            kept = self._kept
            # What was read last serves on and is asked for again soon; nothing older than a day.
            if kept is None or self._failed_at - kept.read_at > LAST_S:
                raise _down(error) from error
            self._kept = replace(kept, ask_at=self._failed_at + ASK_AGAIN_S)
            return kept.value
        self._kept = _Kept(found, self._ticks(), self._ticks() + FRESH_S)
        return found


class Provider:
    """One issuer. Safe for threads."""

    def __init__(self, issuer: str, egress: Egress, ticks: Callable[[], float] = monotonic) -> None:
        """Raise ConfigurationError for an issuer that is no address."""
        told = urlsplit(issuer)
        if told.scheme not in {"https", "http"} or not told.hostname or told.query or told.fragment:
            raise ConfigurationError(f"oidc_issuer: {issuer!r} is no address such as https://login.example.com")
        self.issuer = issuer.rstrip("/")
        self._egress = egress
        self._room = BoundedSemaphore(AT_ONCE)
        self._metadata = _Document(self._read_metadata, ticks)
        self._keys = _Document(self._read_keys, ticks)

    def metadata(self) -> Metadata:
        """Raises Problem `unavailable` where the provider does not answer and did not within a day."""
        return self._metadata.get()

    def keys(self, *, newer: bool = False) -> KeySet:
        """The provider's public keys; `newer` where a token is signed with one that is not known. Raises Problem `unavailable`."""
        return self._keys.get(newer=newer)

    def exchange(self, form: str, headers: Mapping[str, str]) -> Mapping[str, Any]:
        """What the token endpoint answers to a form. Raises Problem `unavailable`, or `sign_in_refused` where it refuses."""
        told = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json", **headers}
        try:
            answer = self._egress.exchange(
                "POST", self.metadata().token_endpoint, form.encode(), told, largest=_LARGEST
            )
        except (FailedDelivery, RefusedAddress) as error:
            raise _down(error) from error
        found = _json(answer.body)
        if answer.status >= 500:
            raise _down(f"it answered {answer.status}")
        if answer.status != 200 or not isinstance(found, dict):
            because = found.get("error") if isinstance(found, dict) else None
            raise Problem(
                "sign_in_refused", f"the identity provider refused the code ({str(because)[:60] or answer.status})"
            )
        return found

    def _read_metadata(self) -> Metadata:
        return _metadata(self._document(self.issuer + _AT), self.issuer)

    def _read_keys(self) -> KeySet:
        return _only_public(KeySet.import_key_set(self._document(self.metadata().jwks_uri)))

    def _document(self, url: str) -> Any:
        answer = self._egress.get(url, {"accept": "application/json"}, largest=_LARGEST)
        if answer.status != 200:
            raise FailedDelivery(f"{url} answered {answer.status}")
        return _json(answer.body)


def _metadata(said: Any, issuer: str) -> Metadata:
    """Raises ValueError for another issuer's document, or one whose addresses are less safe than the issuer's."""
    if not isinstance(said, dict) or said.get("issuer", "").rstrip("/") != issuer:
        raise ValueError(f"the document of {issuer} names another issuer")
    ways = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    for name in names:
        if not isinstance(said.get(name), str) or not said[name].startswith(f"{urlsplit(issuer).scheme}://"):
            raise ValueError(f"the document of {issuer} has no {name} that can be used")
    return Metadata(
        issuer=said["issuer"],
        authorization_endpoint=said["authorization_endpoint"],
        token_endpoint=said["token_endpoint"],
        jwks_uri=said["jwks_uri"],
        basic="client_secret_basic" in ways,
    )


def _only_public(keys: KeySet) -> KeySet:
    """Keys that verify signatures of the algorithms taken: no shared secrets among them, whatever the document says."""
    fit = [key for key in keys.keys if key.key_type in {"RSA", "EC", "OKP"} and key.get("use") in {None, "sig"}]
    if not fit:
        raise ValueError("the provider shows no key that signs")
    return KeySet(fit)


def _json(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return None


def _down(error: object) -> Problem:
    return Problem(
        "unavailable",
        f"the identity provider cannot be reached: {error}",
        hint="try again, or sign in with a local account; whoever is signed in stays so",
        headers={"Retry-After": "10"},
    )
