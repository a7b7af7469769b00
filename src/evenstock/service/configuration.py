"""How the service is set up: from the environment and the table `[service]` of evenstock.toml; never business policy.

Secrets come from the environment or from files it names (`EVENSTOCK_..._FILE`), are never written anywhere by us, and show as stars.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

_PREFIX: Final = "EVENSTOCK_"
LEAST_PEPPER: Final = 32


class ConfigurationError(ValueError):
    """A setting is missing, unknown or unsafe: the service does not start."""


class Secret(str):
    """Text that shows as stars wherever it is printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'" if self else "''"

    __str__ = __repr__

    def reveal(self) -> str:
        return str.__str__(self)


@dataclass(frozen=True, slots=True)
class Configuration:
    """Names in the environment are these in capitals after EVENSTOCK_, such as EVENSTOCK_PORT."""

    host: str = "127.0.0.1"
    """Address to listen at; others than loopback want `public_url` with https, or a proxy that ends TLS."""
    port: int = 8080
    public_url: str = ""
    """How others reach it; sessions are `Secure` cookies where it begins with https."""
    pepper: Secret = field(default=Secret(), repr=False)
    """Key under which API keys and sessions are stored as digests; at least 32 characters."""
    secrets_key: Secret = field(default=Secret(), repr=False)
    """Key that encrypts the secrets of sources and subscriptions at rest; at least 32 characters."""
    threads: int = 8
    """Requests worked on at once; more than eight fight over the database."""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: Secret = field(default=Secret(), repr=False)
    oidc_roles: str = ""
    """Group to role, such as `ops=planner;floor-tx=node_operator@TX`."""
    egress_allow: str = ""
    """Hosts that webhooks may go to, such as `hooks.example.com;*.example.org`; empty: any public address."""
    egress_private: bool = False
    """Whether private addresses may be reached: for tests, and for receivers in the same network."""
    otlp_endpoint: str = ""
    """Where traces go, OTLP over HTTP; empty: nowhere."""
    trace_share: float = 0.01
    """Share of decisions traced, 0 to 1."""
    proxies: str = ""
    """Addresses of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, such as `10.0.0.7`; empty: none."""
    log_level: str = "info"
    """debug, info, warning or error."""
    backups: str = ""
    """Folder of backups; empty: `backups` in the home folder."""

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ, folder: Path | None = None) -> Configuration:
        """Read it. Raises ConfigurationError that names the setting which is unknown or of another kind."""
        path = (folder or Path.cwd()) / "evenstock.toml"
        told: dict[str, Any] = tomllib.loads(path.read_text("utf-8")).get("service", {}) if path.is_file() else {}
        known = {one.name: one for one in fields(cls)}
        for name in told:
            if name not in known:
                raise ConfigurationError(
                    f"{path}: unknown setting service.{name}; known are {', '.join(sorted(known))}"
                )
        values: dict[str, Any] = {}
        for name, one in known.items():
            found = _from_environment(environ, name) or told.get(name)
            if found is not None:
                values[name] = _typed(name, found, one.default)
        return cls(**values)


def _from_environment(environ: Mapping[str, str], name: str) -> str | None:
    key = _PREFIX + name.upper()
    path = environ.get(key + "_FILE")
    if path:
        try:
            return Path(path).read_text("utf-8").strip()
        except OSError as error:
            raise ConfigurationError(f"{key}_FILE: {error}") from error
    return environ.get(key)


def _typed(name: str, value: object, default: object) -> object:
    text = str(value)
    try:
        if isinstance(default, bool):
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
        if isinstance(default, int):
            return int(text)
        if isinstance(default, float):
            return float(text)
    except (ValueError, KeyError):
        raise ConfigurationError(f"{name}: {text!r} is not {type(default).__name__}") from None
    return Secret(text) if isinstance(default, Secret) else text
