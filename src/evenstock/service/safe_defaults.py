"""What a service must not start with: settings that would lose work, open it to strangers or give secrets away.

Each refusal has a name that stays, says where the setting stands and what to do. On loopback, where only this machine's
users come, two things are made easy: keys that nobody set are made and kept in the home folder, readable by its owner alone,
and PostgreSQL may be used as its superuser.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from evenstock.service.configuration import LEAST_PEPPER, Configuration, ConfigurationError, Secret
from evenstock.settings import Settings
from evenstock.storage.vital_signs import VitalSigns

MOST_THREADS: Final = 64
KEPT: Final = ("pepper", "secrets_key")
"""Keys made on loopback where nobody set them."""


class UnsafeError(ConfigurationError):
    """The service does not start with this."""

    def __init__(self, name: str, because: str, fix: str) -> None:
        super().__init__(f"{name}: {because}; {fix}")
        self.name, self.because, self.fix = name, because, fix


def loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone.

    Examples
    --------
    >>> loopback("127.0.0.1"), loopback("::1"), loopback("localhost"), loopback("0.0.0.0"), loopback("10.0.0.4")
    (True, True, True, False, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def safe(
    settings: Settings,
    configuration: Configuration,
    environ: Mapping[str, str] = os.environ,
    folder: Path | None = None,
) -> Configuration:
    """The configuration with keys made where that is allowed.

    Raises
    ------
    UnsafeError
        With the name of what is unsafe: `memory_store`, `world_readable_secrets`, `open_without_tls`, `missing_pepper`,
        `short_pepper`, `missing_secrets_key`, `short_secrets_key`, `out_of_range`.
    """
    _no_memory(settings)
    _nobody_else_reads(environ, folder or Path.cwd())
    _in_range(configuration)
    _only_with_tls(configuration)
    return _with_keys(settings, configuration)


def _no_memory(settings: Settings) -> None:
    if settings.database.startswith("memory:"):
        raise UnsafeError(
            "memory_store",
            "the books would be lost when the service stops (EVENSTOCK_DATABASE is memory:)",
            "set EVENSTOCK_DATABASE to sqlite:///path/to/evenstock.db or postgresql://user@host/name",
        )


def _nobody_else_reads(environ: Mapping[str, str], folder: Path) -> None:
    """Files with secrets in them belong to their owner alone: those that the environment names, and evenstock.toml with keys."""
    named = {
        name: Path(path) for name, path in environ.items() if name.startswith("EVENSTOCK_") and name.endswith("_FILE")
    }
    table = folder / "evenstock.toml"
    if table.is_file() and any(word in table.read_text("utf-8") for word in ("pepper", "secrets_key", "client_secret")):
        named["evenstock.toml"] = table
    for name, path in sorted(named.items()):
        if path.is_file() and _open_to_others(path):
            raise UnsafeError(
                "world_readable_secrets",
                f"{name}: everybody on this machine can read {path}",
                f"chmod 600 {path}, and change the secrets in it: they may be known",
            )


def _open_to_others(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & (stat.S_IROTH | stat.S_IWOTH))


def _in_range(configuration: Configuration) -> None:
    told: tuple[tuple[str, float, float, float], ...] = (
        ("port", configuration.port, 0, 65_535),
        ("threads", configuration.threads, 1, MOST_THREADS),
        ("trace_share", configuration.trace_share, 0, 1),
    )
    for name, value, least, most in told:
        if not least <= value <= most:
            raise UnsafeError(
                "out_of_range", f"{name} is {value}", f"set EVENSTOCK_{name.upper()} from {least} to {most}"
            )


def _only_with_tls(configuration: Configuration) -> None:
    """Beyond this machine, keys and sessions travel only under TLS: a proxy ends it, and `public_url` says so."""
    if loopback(configuration.host):
        return
    address = urlsplit(configuration.public_url)
    if address.scheme != "https" or not address.hostname:
        raise UnsafeError(
            "open_without_tls",
            f"the service would listen at {configuration.host}, beyond this machine, and public_url is "
            f"{configuration.public_url or 'not set'}",
            "put a proxy that ends TLS before it and set EVENSTOCK_PUBLIC_URL=https://your.host, or listen at 127.0.0.1",
        )


def refuse_role(signs: VitalSigns, settings: Settings, configuration: Configuration) -> None:
    """Raise UnsafeError `superuser_role` where a PostgreSQL superuser would serve others than this machine's users."""
    here = loopback(configuration.host) and _database_here(settings.database)
    if signs.superuser and not here:
        raise UnsafeError(
            "superuser_role",
            "the service would use PostgreSQL as a superuser, who may read files of the server and undo every guard",
            "make a role for it: CREATE ROLE evenstock LOGIN NOSUPERUSER NOBYPASSRLS; then give it a database of its own: "
            "CREATE DATABASE evenstock OWNER evenstock",
        )


def _database_here(database: str) -> bool:
    """Whether the books lie on this machine: a file, a socket or a server on loopback."""
    address = urlsplit(database)
    host = address.hostname or dict(parse_qsl(address.query)).get("host", "")
    return address.scheme == "sqlite" or not host or host.startswith("/") or loopback(host)


def _with_keys(settings: Settings, configuration: Configuration) -> Configuration:
    found: dict[str, Secret] = {}
    for name in KEPT:
        value: Secret = getattr(configuration, name)
        if not value and loopback(configuration.host):
            value = kept(settings.home, name)
        if not value:
            raise UnsafeError(
                f"missing_{name}",
                f"{name} is not set and the service listens beyond this machine",
                f"set EVENSTOCK_{name.upper()}_FILE to a file that holds one, such as made by `openssl rand -hex 32`",
            )
        for one in value.reveal().split(","):
            if len(one.strip()) < LEAST_PEPPER:
                raise UnsafeError(
                    f"short_{name}",
                    f"{name} has {len(one.strip())} characters",
                    f"take at least {LEAST_PEPPER}, such as made by `openssl rand -hex 32`",
                )
        found[name] = value
    return replace(configuration, pepper=found["pepper"], secrets_key=found["secrets_key"])


def kept(home: Path, name: str) -> Secret:
    """A key of this machine: made the first time, and the same ever after. Raises UnsafeError where others can read it."""
    folder = home / "secrets"
    path = folder / name
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        _make(path, secrets.token_hex(32))
    if _open_to_others(path):
        raise UnsafeError(
            "world_readable_secrets",
            f"everybody on this machine can read {path}",
            f"chmod 600 {path}; if strangers use this machine, remove it and give out new keys",
        )
    return Secret(path.read_text("utf-8").strip())


def _make(path: Path, value: str) -> None:
    """Written whole or not at all, readable by its owner from the first byte; of two that start together one wins."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(value + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()
