"""Whatever is done to the audit log in the database, the verifier finds it; what only a checkpoint outside can show, only with one.

The tamperer may do everything in the database: he lifts the guards, and chains anew what he wrote.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.reliability.deeds import NOW, fill, routed

from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.audit.checkpoint import BrokenLogError, GapError, seal
from evenstock.operations.audit.rows import NOTHING, audit_of, line_of, linked
from evenstock.operations.ports import Entry, Store
from evenstock.storage import open_store
from evenstock.storage.audit_evidence.pack import write_pack
from evenstock.storage.audit_evidence.verify import verify
from evenstock.storage.audit_folder import AuditFolder
from evenstock.storage.migrate import engine_for


@dataclass
class Log:
    """A log of two checkpoints and a few rows since, its books, and the folder outside them."""

    url: str
    stores: list[Store]
    folder: AuditFolder
    stream: int
    """One with at least nine rows."""
    place: Path

    def pack(self, *, checkpoints: bool = True) -> Path:
        path = self.place / f"pack-{len(list(self.place.glob('*.zip')))}.zip"
        folder = self.folder if checkpoints else AuditFolder(self.place / "none", self.folder._key_path)
        with self.stores[0].reading() as books, path.open("wb") as file:
            write_pack(file, audit_of(books), folder)
        return path

    def wrong(self, *, checkpoints: bool = True) -> list[str]:
        return verify(str(self.pack(checkpoints=checkpoints)), self.folder.key.public)[0]


@pytest.fixture(params=["sqlite", "postgres"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    kind: str = request.param
    url = f"sqlite:///{tmp_path / 'books.db'}" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    # Two connections of a server, and so two streams.
    stores: list[Store] = [AuditedStore(open_store(url)) for _ in range(2)]
    folder = AuditFolder(tmp_path / "checkpoints", tmp_path / "key")
    fill(stores[0])
    for n in range(12):
        routed(stores[n % 2], f"A-{n}")
        if n in {3, 8}:
            assert seal(stores[0], folder) is not None
    seal(stores[0], folder)
    for n in range(2):
        routed(stores[n], f"B-{n}")
    with stores[0].reading() as books:
        stream = max(audit_of(books).audit_heads(), key=lambda head: head.number).stream
    yield Log(url, stores, folder, stream, tmp_path)
    for store in stores:
        store.close()


def unguarded(log: Log, *statements: str, **values: object) -> None:
    """By somebody who owns the database."""
    engine = engine_for(log.url)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for name in connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'"
            ).scalars():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in statements:
            connection.execute(sa.text(statement), {"stream": log.stream, **values})
    engine.dispose()


def rechain(log: Log) -> None:
    """Every link of every stream made anew, and the heads: the chains are whole then, whatever the rows say."""
    engine = engine_for(log.url)
    with log.stores[0].reading() as books:
        streams = {
            head.stream: audit_of(books).audit_rows(head.stream, 0, 10_000) for head in audit_of(books).audit_heads()
        }
    engine.dispose()
    for stream, rows in streams.items():
        link = NOTHING
        for number, row in enumerate(rows, 1):
            link = linked(link, line_of(stream, number, row.at, row.said))
            unguarded(
                log,
                "UPDATE audit_row SET number = :to, link = :link WHERE stream = :one AND number = :number",
                one=stream, to=number, number=row.number, link=link,
            )  # fmt: skip
        unguarded(
            log,
            "UPDATE audit_head SET number = :n, link = :link WHERE stream = :one",
            one=stream,
            n=len(rows),
            link=link,
        )


def edit(log: Log) -> None:
    unguarded(
        log, "UPDATE audit_row SET said = replace(said, '\"did\"', '\"dud\"') WHERE stream = :stream AND number = 4"
    )


def delete(log: Log) -> None:
    unguarded(log, "DELETE FROM audit_row WHERE stream = :stream AND number = 4")


def swap(log: Log) -> None:
    move = "UPDATE audit_row SET number = :{} WHERE stream = :stream AND number = :{}"
    unguarded(log, move.format("c", "a"), move.format("a", "b"), move.format("b", "c"), a=3, b=5, c=1_000_000)


def truncate(log: Log) -> None:
    unguarded(
        log,
        "DELETE FROM audit_row WHERE stream = :stream AND number > 2",
        "UPDATE audit_head SET number = 2, link = (SELECT link FROM audit_row WHERE stream = :stream AND number = 2) "
        "WHERE stream = :stream",
    )


def rewrite(log: Log) -> None:
    edit(log)
    rechain(log)


def test_an_untouched_log_is_whole(log: Log) -> None:
    with log.stores[0].reading() as books:
        streams = [head for head in audit_of(books).audit_heads() if head.number]
    assert len(streams) == (1 if log.url.startswith("sqlite") else 2)
    assert len(log.folder.notes()) == 3
    assert log.wrong() == []
    assert log.wrong(checkpoints=False) == []


@pytest.mark.parametrize(
    ("tampering", "sentence"),
    [
        (edit, "row 4: it is not what was written"),
        (delete, "row 4 is missing: it was deleted"),
        (swap, "row 3: it is not what was written"),
    ],
)
def test_the_chain_shows_what_is_edited_deleted_or_swapped(
    log: Log, tampering: Callable[[Log], None], sentence: str
) -> None:
    tampering(log)

    assert any(sentence in one and f"stream {log.stream}" in one for one in log.wrong(checkpoints=False))
    assert any(sentence in one for one in log.wrong())
    with pytest.raises(BrokenLogError):
        seal(log.stores[0], AuditFolder(log.place / "another", log.place / "key"))


@pytest.mark.parametrize(
    ("tampering", "sentence"),
    [(truncate, "are gone; they were cut off, or an older backup was restored"), (rewrite, "were written anew")],
)
def test_only_a_checkpoint_outside_shows_what_is_cut_off_or_all_written_anew(
    log: Log, tampering: Callable[[Log], None], sentence: str
) -> None:
    tampering(log)

    assert log.wrong(checkpoints=False) == [], "the control: without a checkpoint nothing is to be seen"
    assert any(sentence in one for one in log.wrong())
    routed(log.stores[0], "C-1")
    with pytest.raises(BrokenLogError):
        seal(log.stores[0], log.folder)


def test_a_deletion_chained_anew_is_found_by_the_numbers_and_one_renumbered_too_by_the_checkpoint(log: Log) -> None:
    delete(log)
    rechain(log)
    assert log.wrong(checkpoints=False) == []
    assert any("written anew" in one or "gone" in one for one in log.wrong())


def test_a_checkpoint_that_somebody_else_signed_or_changed_counts_for_nothing(log: Log, tmp_path: Path) -> None:
    path, note = log.folder.notes()[-1]
    path.write_bytes(note.replace(b"stream 0 ", b"stream 0 1"))
    assert any("was changed since" in one for one in log.wrong())
    with pytest.raises(BrokenLogError, match="was changed since"):
        log.folder.latest()
    path.write_bytes(AuditFolder(tmp_path / "x", tmp_path / "another-key").key.signed("evenstock.audit.x\n0\n\n"))
    assert any("not signed by" in one for one in log.wrong())


def test_two_histories_signed_by_the_same_key_are_found(log: Log, tmp_path: Path) -> None:
    kept = tmp_path / "kept by the auditor"
    kept.mkdir()
    path, note = log.folder.notes()[-1]
    (kept / path.name).write_bytes(note)
    rewrite(log)
    path.unlink()
    for old, _ in log.folder.notes():
        old.unlink()
    seal(log.stores[0], log.folder)

    assert log.wrong() == [], "he who has the key and the folder can sign anew"
    wrong, _ = verify(str(log.pack()), log.folder.key.public, str(kept))
    assert any("written anew" in one for one in wrong), "but not what others kept"


def test_an_older_backup_is_reported_as_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    store = AuditedStore(open_store(f"sqlite:///{path}"))
    folder = AuditFolder(tmp_path / "checkpoints", tmp_path / "key")
    with store.transaction() as books:
        books.enter(Entry("thing", "one", {}))
    engine = engine_for(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.connection.driver_connection.execute("VACUUM INTO ?", (str(tmp_path / "backup.db"),))  # type: ignore[union-attr]
    engine.dispose()
    with store.transaction() as books:
        books.enter(Entry("thing", "two", {}))
    seal(store, folder)

    restored = open_store(f"sqlite:///{tmp_path / 'backup.db'}")
    with pytest.raises(GapError, match="holds 1 rows, and the checkpoint of 2 rows counted 2: the books are older"):
        seal(restored, folder)
    with restored.reading() as books, (tmp_path / "pack.zip").open("wb") as file:
        write_pack(file, audit_of(books), folder)
    wrong, _ = verify(str(tmp_path / "pack.zip"), folder.key.public)
    assert wrong == [
        "checkpoint 2, stream 0: row 2 is gone; they were cut off, or an older backup was restored",
    ]
    restored.close()
    store.close()


def test_the_pack_is_verified_by_its_own_program_with_nothing_of_ours(log: Log, tmp_path: Path) -> None:
    pack = log.pack()
    with zipfile.ZipFile(pack) as opened:
        (tmp_path / "verify.py").write_bytes(opened.read("verify.py"))
    asked = [sys.executable, "-I", "-S", str(tmp_path / "verify.py"), str(pack), "--key", log.folder.key.public]

    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "nothing is wrong")
    edit(log)
    done = subprocess.run([*asked[:4], str(log.pack())], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "WRONG: stream" in done.stdout
    assert "the key is the pack's own" in done.stdout


def test_the_verifier_is_short_and_imports_nothing_but_the_standard_library() -> None:
    from evenstock.storage.audit_evidence.pack import VERIFIER

    text = VERIFIER.read_text("utf-8")
    assert text.count("\n") < 400
    assert "import evenstock" not in text
    assert "from evenstock" not in text


def test_the_database_itself_refuses_to_change_the_log(log: Log) -> None:
    engine = engine_for(log.url)
    for statement in (
        "UPDATE audit_row SET said = ''",
        "DELETE FROM audit_row",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET number = number - 1 WHERE number > 0",
        "UPDATE audit_head SET link = link WHERE number > 0",
    ):
        with pytest.raises(sa.exc.DBAPIError, match="audit log"), engine.begin() as connection:
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_time_and_subject_are_part_of_what_is_signed(log: Log) -> None:
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    at: object = moment if not log.url.startswith("sqlite") else "2020-01-01T00:00:00.000000Z"
    unguarded(log, "UPDATE audit_row SET at = :at WHERE stream = :stream AND number = 2", at=at)

    assert any("row 2: it is not what was written" in one for one in log.wrong())
    assert moment < NOW
