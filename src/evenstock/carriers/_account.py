"""Who asks a carrier: numbers of the account, and secrets that nothing prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from evenstock.carriers._request import WireRequest


@dataclass(frozen=True, slots=True)
class Account:
    """A company's account with a carrier. Secrets are left out of its repr, and out of every message and error."""

    number: str = ""
    """Shipper or payment account, where prices depend on it."""
    client_id: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    sandbox: bool = True
    """Whether the carrier's test environment is asked: its prices are made up, so that no audit compares them."""
    address: Mapping[str, str] = field(default_factory=dict)
    """Address of an API in place of the carrier's own, such as a local test server; by api, empty for the main one."""

    @classmethod
    def from_environment(cls, carrier: str, environ: Mapping[str, str]) -> Account:
        """The account in variables such as EVENSTOCK_UPS_CLIENT_ID, .._CLIENT_SECRET, .._API_KEY, .._ACCOUNT, .._SANDBOX.

        EVENSTOCK_UPS_ADDRESS names another address of its main API, such as a company's own gateway.

        Examples
        --------
        >>> Account.from_environment("ups", {"EVENSTOCK_UPS_CLIENT_SECRET": "s3cret", "EVENSTOCK_UPS_SANDBOX": "no"})
        Account(number='', sandbox=False, address={})
        """

        def said(name: str) -> str:
            return environ.get(f"EVENSTOCK_{carrier.upper()}_{name}", "").strip()

        live = said("SANDBOX").lower() in {"0", "no", "false"}
        address = {"": said("ADDRESS")} if said("ADDRESS") else {}
        return cls(said("ACCOUNT"), said("CLIENT_ID"), said("CLIENT_SECRET"), said("API_KEY"), not live, address)

    @property
    def made_up(self) -> bool:
        """Whether its answers come from a carrier's test environment: lawful in form, and invented."""
        return self.sandbox and not self.address

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be printed, longest first."""
        return tuple(
            sorted({s for s in (self.client_secret, self.api_key, self.client_id) if s}, key=len, reverse=True)
        )


@dataclass(frozen=True, slots=True)
class OAuth:
    """OAuth 2.0 client credentials (RFC 6749, section 4.4): one token for many questions."""

    path: str
    sends: Literal["basic", "form", "json"]
    """How id and secret travel: in an HTTP Basic header, in the form, or in a JSON body."""


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP Basic (RFC 7617) with each question."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in a header of each question."""

    header: str


Login = OAuth | Basic | ApiKey


@dataclass(frozen=True, slots=True)
class Api:
    """Where a carrier listens, and how it is told who asks."""

    production: str
    sandbox: str
    login: Login

    def address(self, account: Account, api: str = "") -> str:
        """The address for this account.

        Raises
        ------
        ValueError
            If it is not https, unless it is this machine's own: a secret must not cross a network in the clear.
        """
        chosen = account.address.get(api) or (self.sandbox if account.sandbox else self.production)
        if not chosen.startswith("https://") and not is_local(chosen):
            raise ValueError(f"{urlsplit(chosen).hostname or chosen}: a carrier's address must begin with https://")
        return chosen.rstrip("/")


def is_local(address: str) -> bool:
    """Whether an address is this machine's own.

    Examples
    --------
    >>> is_local("http://127.0.0.1:4198/api"), is_local("http://127.0.0.1.evil.example"), is_local("https://apis.usps.com")
    (True, False, False)
    """
    return urlsplit(address).hostname in {"127.0.0.1", "localhost", "::1"}


def told(request: WireRequest) -> str:
    """The question in words, for a message: method and path, nothing that could be a secret."""
    return f"{request.method} {request.path}"
