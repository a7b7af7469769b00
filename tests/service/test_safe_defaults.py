"""The service does not start with what would lose work, let strangers in or give secrets away: each by its name."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evenstock.operations.ports import StoreError
from evenstock.service.configuration import Configuration, ConfigurationError, Secret
from evenstock.service.safe_defaults import UnsafeError, kept, refuse_role, safe
from evenstock.service.serving import open_service
from evenstock.settings import Settings
from evenstock.storage.postgres import refuse_unsafe
from evenstock.storage.vital_signs import VitalSigns

LONG = Secret("k" * 32)
OPEN = Configuration(host="0.0.0.0", public_url="https://stock.example.com", pepper=LONG, secrets_key=LONG)


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home", f"sqlite:///{tmp_path}/home/evenstock.db")


def refused(place: Settings, configuration: Configuration, tmp_path: Path, **environ: str) -> UnsafeError:
    with pytest.raises(UnsafeError) as caught:
        safe(place, configuration, environ, tmp_path)
    assert caught.value.fix, "every refusal says what to do"
    assert str(caught.value).startswith(caught.value.name)
    return caught.value


def test_the_control_starts(place: Settings, tmp_path: Path) -> None:
    assert safe(place, OPEN, {}, tmp_path) == OPEN
    assert safe(place, Configuration(), {}, tmp_path).pepper


def test_books_in_memory_are_refused(tmp_path: Path) -> None:
    assert refused(Settings(tmp_path, "memory:"), OPEN, tmp_path).name == "memory_store"


@pytest.mark.parametrize("public_url", ["", "http://stock.example.com", "https://", "stock.example.com"])
@pytest.mark.parametrize("host", ["0.0.0.0", "10.1.2.3", "::", "stock.example.com"])
def test_listening_beyond_this_machine_wants_tls(place: Settings, tmp_path: Path, host: str, public_url: str) -> None:
    found = refused(place, replace(OPEN, host=host, public_url=public_url), tmp_path)
    assert found.name == "open_without_tls"
    assert host in found.because


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_alone_needs_none(place: Settings, tmp_path: Path, host: str) -> None:
    assert safe(place, Configuration(host=host), {}, tmp_path)


@pytest.mark.parametrize("name", ["pepper", "secrets_key"])
def test_keys_are_missing_or_short(place: Settings, tmp_path: Path, name: str) -> None:
    assert refused(place, replace(OPEN, **{name: Secret()}), tmp_path).name == f"missing_{name}"
    assert refused(place, replace(OPEN, **{name: Secret("k" * 31)}), tmp_path).name == f"short_{name}"
    two = Secret("k" * 32 + "," + "k" * 8)
    assert refused(place, replace(OPEN, **{name: two}), tmp_path).name == f"short_{name}", "each of several"
    found = refused(place, replace(OPEN, **{name: Secret("hunter2" * 4)}), tmp_path)
    assert "hunter2" not in str(found)


def test_on_loopback_keys_are_made_once_for_their_owner_alone(place: Settings, tmp_path: Path) -> None:
    first = safe(place, Configuration(), {}, tmp_path)
    again = safe(place, Configuration(), {}, tmp_path)
    assert len(first.pepper.reveal()) == 64
    assert (again.pepper.reveal(), again.secrets_key.reveal()) == (first.pepper.reveal(), first.secrets_key.reveal())
    assert first.pepper.reveal() != first.secrets_key.reveal()
    for path in (place.home / "secrets", place.home / "secrets" / "pepper"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert [p.name for p in sorted((place.home / "secrets").iterdir())] == ["pepper", "secrets_key"]


def test_of_two_that_start_together_both_take_the_same_key(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda n: _key(tmp_path, n), range(1)))
        keys |= {kept(tmp_path, "pepper").reveal() for _ in range(3)}
    assert len(keys) == 1


def _key(home: Path, _number: int) -> str:
    return kept(home, "pepper").reveal()


def test_secrets_that_everybody_reads_are_refused(place: Settings, tmp_path: Path) -> None:
    file = tmp_path / "pepper"
    file.write_text("k" * 32)
    file.chmod(0o644)
    found = refused(place, OPEN, tmp_path, EVENSTOCK_PEPPER_FILE=str(file))
    assert (found.name, "EVENSTOCK_PEPPER_FILE" in found.because) == ("world_readable_secrets", True)
    file.chmod(0o640)
    assert safe(place, OPEN, {"EVENSTOCK_PEPPER_FILE": str(file)}, tmp_path), "a group is the owner's choice"

    table = tmp_path / "evenstock.toml"
    table.write_text('[service]\npepper = "x"\n')
    table.chmod(0o644)
    assert refused(place, OPEN, tmp_path).name == "world_readable_secrets"
    table.write_text('home = "here"\n')
    assert safe(place, OPEN, {}, tmp_path), "without secrets in it anybody may read it"


def test_kept_keys_that_became_readable_are_refused(place: Settings, tmp_path: Path) -> None:
    safe(place, Configuration(), {}, tmp_path)
    (place.home / "secrets" / "pepper").chmod(0o644)
    assert refused(place, Configuration(), tmp_path).name == "world_readable_secrets"


@pytest.mark.parametrize(("name", "value"), [("port", 70_000), ("threads", 0), ("threads", 65), ("trace_share", 1.5)])
def test_a_number_out_of_range_is_named(place: Settings, tmp_path: Path, name: str, value: float) -> None:
    found = refused(place, replace(OPEN, **{name: value}), tmp_path)
    assert (found.name, name in found.because) == ("out_of_range", True)


@pytest.mark.parametrize(
    ("host", "database", "allowed"),
    [
        ("127.0.0.1", "postgresql://postgres@127.0.0.1/books", True),
        ("127.0.0.1", "postgresql:///books?host=/run/postgresql", True),
        ("0.0.0.0", "postgresql://postgres@127.0.0.1/books", False),
        ("127.0.0.1", "postgresql://postgres@db.example.com/books", False),
        ("127.0.0.1", "postgresql:///books?host=db.example.com&user=postgres", False),
    ],
)
def test_a_superuser_serves_only_this_machine(tmp_path: Path, host: str, database: str, allowed: bool) -> None:
    signs = VitalSigns(datetime.now(UTC), "0001", superuser=True)
    place, configuration = Settings(tmp_path, database), replace(OPEN, host=host)
    refuse_role(replace(signs, superuser=False), place, configuration)
    if allowed:
        refuse_role(signs, place, configuration)
        return
    with pytest.raises(UnsafeError) as caught:
        refuse_role(signs, place, configuration)
    assert caught.value.name == "superuser_role"
    assert "NOSUPERUSER" in caught.value.fix


def test_the_role_is_asked_of_the_server_itself(postgres_url: str, tmp_path: Path) -> None:
    """The tests' server is used as its superuser: beyond loopback the service does not open."""
    place = Settings(tmp_path, postgres_url)
    with pytest.raises(UnsafeError, match="superuser_role"):
        open_service(place, OPEN)
    open_service(place, replace(OPEN, host="127.0.0.1")).store.close()


@pytest.mark.parametrize("name", ["fsync", "synchronous_commit", "full_page_writes"])
def test_a_server_that_would_lose_commits_is_refused(name: str) -> None:
    settings = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
    refuse_unsafe(settings)
    with pytest.raises(StoreError, match=f"{name} = off: a power failure would take back"):
        refuse_unsafe({**settings, name: "off"})


def test_a_server_that_would_lose_commits_is_refused_when_it_is_opened(postgres_url: str, tmp_path: Path) -> None:
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
    with pytest.raises(StoreError, match="synchronous_commit = off"):
        open_service(Settings(tmp_path, postgres_url), Configuration())


def test_an_unknown_log_level_is_refused() -> None:
    from evenstock.service.telemetry.logs import start_logging

    with pytest.raises(ConfigurationError, match="log_level"):
        start_logging("loud")
