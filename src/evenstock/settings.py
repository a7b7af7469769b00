"""Where evenstock keeps its things on this machine: from the environment, then `evenstock.toml`, then defaults.

Never business policy: rules and costs are data of the network, imported, versioned and hashed.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_KNOWN = {"home", "database", "audit_folder", "audit_key", "personal_key"}
_SERVICE = "service"
"""Table of the HTTP service, which reads it itself."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Places only."""

    home: Path
    """Folder for snapshots, and for the database where it is SQLite. [EVENSTOCK_HOME]"""
    database: str
    """`sqlite:///path`, `postgresql://user@host/name` or `memory:`. [EVENSTOCK_DATABASE]"""
    audit_folder: Path | None = None
    """Where checkpoints of the audit log are kept: best on another machine than the database. [EVENSTOCK_AUDIT_FOLDER]"""
    audit_key: Path | None = None
    """File of the key that signs them, made at first use. [EVENSTOCK_AUDIT_KEY]"""
    personal_key: Path | None = None
    """File of the master keys of personal data, made at first use; the same on every machine. `none`: nothing is sealed.
    [EVENSTOCK_PERSONAL_KEY]"""

    @property
    def checkpoints(self) -> Path:
        return self.audit_folder or self.home / "audit" / "checkpoints"

    @property
    def signing_key(self) -> Path:
        return self.audit_key or self.home / "audit" / "signing-key"

    @property
    def master_keys(self) -> Path | None:
        """None where nothing is to be sealed."""
        path = self.personal_key or self.home / "personal" / "master-keys"
        return None if str(path) == "none" else path

    @property
    def snapshots(self) -> Path:
        return self.home / "snapshots"

    @property
    def demo(self) -> Settings:
        """The demo's own place, apart from the company's books."""
        home = self.home / "evenstock-demo"
        return Settings(home=home, database=f"sqlite:///{home / 'evenstock.db'}")

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ, folder: Path | None = None) -> Settings:
        """Read settings; raises ValueError that names the file and the key where one is unknown or not text."""
        folder = folder or Path.cwd()
        path = folder / "evenstock.toml"
        told: dict[str, object] = tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}
        for key, value in told.items():
            if key == _SERVICE:
                continue
            if key not in _KNOWN:
                raise ValueError(f"{path}: unknown setting {key!r}; known are {', '.join(sorted(_KNOWN))}")
            if not isinstance(value, str):
                raise ValueError(f"{path}: {key} is text in quotes, not {value!r}")  # noqa: TRY004 (a wrong setting, not a wrong call)
        home = Path(environ.get("EVENSTOCK_HOME") or str(told.get("home", folder / ".evenstock"))).expanduser()
        database = environ.get("EVENSTOCK_DATABASE") or str(told.get("database", f"sqlite:///{home / 'evenstock.db'}"))
        places = {
            name: Path(str(said)).expanduser() if said else None
            for name in ("audit_folder", "audit_key", "personal_key")
            for said in (environ.get(f"EVENSTOCK_{name.upper()}") or told.get(name),)
        }
        return cls(home=home, database=database, **places)
