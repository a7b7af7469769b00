"""A drill: what was backed up comes back, decisions and all; what is damaged, or in the way, is told and changes nothing."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.service.conftest import NOW, example, order_body

from evenstock.bootstrap import open_workspace
from evenstock.domain import OrderId
from evenstock.operations.check_books import check_books
from evenstock.operations.company import Company
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import StoreError
from evenstock.operations.route_order import Routed, route_order
from evenstock.service.api.orders import OrderBody
from evenstock.service.backup import of_postgres
from evenstock.service.backup.manifest import BackupError, read
from evenstock.service.backup.restore import restore
from evenstock.service.backup.take import Taken, take
from evenstock.settings import Settings

NAMES = ("T-1", "T-2", "T-3")


def routed(place: Settings, name: str) -> Routed:
    with open_workspace(place) as opened:
        here = Company.load(opened.store, opened.snapshots, NOW.date())
        order = OrderBody.model_validate_json(json.dumps(order_body(name))).order()
        return route_order(opened.store, here.shipping, here.network.policy, RouteOrder(order, NOW))


def records(place: Settings) -> dict[str, bytes | None]:
    with open_workspace(place) as opened, opened.store.reading() as books:
        return {name: books.decision_of(OrderId(name)) for name in NAMES}


def lived_in(place: Settings) -> Settings:
    """The example brand with three orders routed."""
    with open_workspace(place) as opened:
        import_network(opened.store, opened.snapshots, example(), NOW)
    for name in NAMES:
        routed(place, name)
    return place


@pytest.fixture(params=["sqlite", "postgres"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Settings]:
    """Makes homes: the first lived in by a caller, others to restore into."""
    if request.param == "postgres" and shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed here")
    urls = (
        iter([request.getfixturevalue("postgres_url"), request.getfixturevalue("empty_database")])
        if request.param == "postgres"
        else None
    )

    def made(name: str) -> Settings:
        home = tmp_path / name
        database = next(urls) if urls is not None else f"sqlite:///{home}/evenstock.db"
        # As the one file of master keys that every machine of a company has.
        return Settings(home, database, personal_key=tmp_path / "master-keys")

    return made


def test_a_restore_gives_back_books_that_balance_and_decisions_byte_for_byte(
    places: Callable[[str], Settings], tmp_path: Path
) -> None:
    before = lived_in(places("before"))
    taken = take(before, tmp_path / "backups", NOW)
    after = places("after")

    restored = restore(after, taken.folder, NOW)

    assert restored.manifest.books["decisions"]["rows"] == 3
    assert records(after) == records(before)
    assert None not in records(after).values()
    with open_workspace(after) as opened:
        assert [finding for finding in check_books(opened.store, NOW) if finding.broken] == []
    again = routed(after, "T-1")
    assert again.repeated, "asked again after the restore, an order gets the answer it got before"
    assert again.record.canonical() == records(before)["T-1"]
    assert not routed(after, "T-4").repeated, "and life goes on"


def test_in_a_backup_nobody_can_be_read_without_the_master_keys(
    sqlite_backup: tuple[Settings, Taken], tmp_path: Path
) -> None:
    place, taken = sqlite_backup
    code = order_body("T-1")["ship_to"]["postal_code"]
    files = [path for path in taken.folder.rglob("*") if path.is_file()]
    assert not any("master-keys" in path.name for path in files)
    books = (taken.folder / "books.db").read_bytes()
    assert code.encode() not in books
    elsewhere = Settings(tmp_path / "elsewhere", f"sqlite:///{tmp_path}/elsewhere/evenstock.db")
    restore(elsewhere, taken.folder, NOW)
    with pytest.raises(StoreError, match="master-keys is not there"), open_workspace(elsewhere):
        pass
    with_keys = replace(elsewhere, personal_key=place.master_keys)
    with open_workspace(with_keys) as opened, opened.store.reading() as books_there:
        kept = books_there.order(OrderId("T-1"))
    assert kept is not None
    assert kept.ship_to.postal_code == code


def test_books_that_are_there_stay_unless_it_is_said(places: Callable[[str], Settings], tmp_path: Path) -> None:
    place = lived_in(places("home"))
    taken = take(place, tmp_path / "backups", NOW)
    routed(place, "T-9")

    with pytest.raises(BackupError, match="holds books already: say --replace"):
        restore(place, taken.folder, NOW)
    with open_workspace(place) as opened, opened.store.reading() as books:
        assert books.decision_of(OrderId("T-9")) is not None

    restore(place, taken.folder, NOW, replace=True)
    with open_workspace(place) as opened, opened.store.reading() as books:
        assert books.decision_of(OrderId("T-9")) is None, "of after the backup"
        assert books.decision_of(OrderId("T-1")) is not None


def test_what_does_not_come_back_as_it_was_leaves_everything_as_it_is(
    places: Callable[[str], Settings], tmp_path: Path
) -> None:
    """The manifest says something else than the books: the restore is refused after it was looked at, and undone."""
    place = lived_in(places("home"))
    taken = take(place, tmp_path / "backups", NOW)
    path = taken.folder / "manifest.json"
    told = json.loads(path.read_text())
    told["books"]["movements"]["rows"] += 1
    path.write_text(json.dumps(told))
    routed(place, "T-9")

    with pytest.raises(BackupError, match="movements came back as"):
        restore(place, taken.folder, NOW, replace=True)
    with open_workspace(place) as opened, opened.store.reading() as books:
        assert books.decision_of(OrderId("T-9")) is not None


def test_a_database_in_use_is_not_replaced(postgres_url: str, tmp_path: Path) -> None:
    place = Settings(tmp_path / "home", postgres_url)
    lived_in(place)
    taken = take(place, tmp_path / "backups", NOW)
    with open_workspace(place) as opened, opened.store.reading(), pytest.raises(BackupError, match="stop the service"):
        restore(place, taken.folder, NOW, replace=True)


@pytest.fixture
def sqlite_backup(tmp_path: Path) -> tuple[Settings, Taken]:
    home = tmp_path / "home"
    place = lived_in(Settings(home, f"sqlite:///{home}/evenstock.db"))
    return place, take(place, tmp_path / "backups", NOW)


def test_a_backup_while_others_write_is_one_moment(sqlite_backup: tuple[Settings, Taken], tmp_path: Path) -> None:
    place, _ = sqlite_backup
    with closing(sqlite3.connect(place.home / "evenstock.db")) as writing:
        writing.execute("BEGIN IMMEDIATE")
        writing.execute("INSERT INTO pointer (name, digest, set_at) VALUES ('x', 'y', 'z')")
        taken = take(place, tmp_path / "more", NOW)
        writing.commit()
    with closing(sqlite3.connect(taken.folder / "books.db")) as copy:
        assert copy.execute("SELECT count(*) FROM pointer WHERE name = 'x'").fetchone()[0] == 0


@pytest.mark.parametrize("harm", ["changed", "missing", "unfinished", "form", "outside"])
def test_a_damaged_backup_is_refused_before_anything_is_touched(
    sqlite_backup: tuple[Settings, Taken], tmp_path: Path, harm: str
) -> None:
    _, taken = sqlite_backup
    books, path = taken.folder / "books.db", taken.folder / "manifest.json"
    told: dict[str, Any] = json.loads(path.read_text())
    match harm:
        case "changed":
            content = bytearray(books.read_bytes())
            content[len(content) // 2] ^= 1
            books.write_bytes(content)
        case "missing":
            books.unlink()
        case "unfinished":
            path.unlink()
        case "form":
            path.write_text(json.dumps({**told, "form": 2}))
        case _:
            path.write_text(json.dumps({**told, "files": {"../home/evenstock.db": "0"}}))
    target = Settings(tmp_path / "new", f"sqlite:///{tmp_path}/new/evenstock.db")
    with pytest.raises(BackupError):
        restore(target, taken.folder, NOW)
    assert not (tmp_path / "new").exists()


def test_books_that_are_broken_are_not_restored(tmp_path: Path) -> None:
    """A balance that no movement explains stands in the backup too: it is found, and nothing takes its place."""
    home = tmp_path / "home"
    place = lived_in(Settings(home, f"sqlite:///{home}/evenstock.db"))
    with closing(sqlite3.connect(home / "evenstock.db")) as books:
        books.execute(
            "UPDATE stock_balance SET available = available + 1 WHERE rowid = (SELECT min(rowid) FROM stock_balance)"
        )
        books.commit()
    taken = take(place, tmp_path / "backups", NOW)
    target = Settings(tmp_path / "new", f"sqlite:///{tmp_path}/new/evenstock.db")
    with pytest.raises(BackupError, match="the books in the backup are broken"):
        restore(target, taken.folder, NOW)
    assert not list((tmp_path / "new").glob("*.db*"))


def test_another_kind_of_database_is_refused(sqlite_backup: tuple[Settings, Taken], tmp_path: Path) -> None:
    _, taken = sqlite_backup
    with pytest.raises(BackupError, match="restore into the same kind"):
        restore(Settings(tmp_path, "postgresql://nobody@127.0.0.1/none"), taken.folder, NOW)


def test_old_backups_are_let_go_and_nothing_else(sqlite_backup: tuple[Settings, Taken]) -> None:
    place, first = sqlite_backup
    into = first.folder.parent
    (into / "notes").mkdir()
    second = take(place, into, NOW + timedelta(hours=1))
    third = take(place, into, NOW + timedelta(hours=2), keep=2)
    assert third.removed == (first.folder,)
    assert sorted(path.name for path in into.iterdir()) == sorted(["notes", second.folder.name, third.folder.name])


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="is not there"):
        take(Settings(tmp_path / "home", f"sqlite:///{tmp_path}/home/none.db"), tmp_path / "backups", NOW)
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(BackupError, match="pg_dump is not installed; install the client of PostgreSQL"):
        of_postgres.dump("postgresql://a@b/c", tmp_path / "x", "1")


def test_no_password_stands_among_the_arguments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[Any] = []

    def run(words: list[str], **options: Any) -> Any:
        seen.append((words, options["env"]["PGPASSWORD"]))
        return type("Done", (), {"returncode": 0})()

    monkeypatch.setattr(of_postgres.subprocess, "run", run)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    of_postgres.dump("postgresql://ana:hunter2@db.example.com/books?sslmode=verify-full", tmp_path / "x", "1")
    assert "hunter2" not in " ".join(seen[0][0])
    assert "sslmode=verify-full" in " ".join(seen[0][0])
    assert seen[0][1] == "hunter2"


def test_every_file_of_a_backup_stands_in_its_manifest(sqlite_backup: tuple[Settings, Taken]) -> None:
    _, taken = sqlite_backup
    manifest = read(taken.folder)
    there = {p.relative_to(taken.folder).as_posix() for p in taken.folder.rglob("*") if p.is_file()}
    assert there == {*manifest.files, "manifest.json"}
    assert taken.folder.stat().st_mode & 0o077 == 0
