"""Versions are changed one process at a time: the older one serves on while, and after, the newer one migrates."""

from __future__ import annotations

import ast
import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from tests.service.conftest import NOW, example, order_body

from evenstock.operations.check_books import check_books
from evenstock.operations.company import Company
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import Entry, Store, StoreError
from evenstock.operations.route_order import route_order
from evenstock.service.api.orders import OrderBody
from evenstock.storage import migrate, open_store
from evenstock.storage.migrate import HEAD, oldest_served, upgrade
from evenstock.storage.snapshots import SnapshotFolder

VERSIONS = migrate.SCRIPTS / "versions"
NEXT = "9001"
ADDITIVE = f"""
import sqlalchemy as sa
from alembic import op
revision = "{NEXT}"
down_revision = "{HEAD}"
branch_labels = None
depends_on = None
serves = "{HEAD}"

def upgrade():
    op.create_table("newer_things", sa.Column("id", sa.Text(), primary_key=True))
    op.add_column("decision", sa.Column("newer", sa.Text(), nullable=True))
    op.add_column("entry", sa.Column("newer", sa.Integer(), nullable=False, server_default="7"))
    op.create_index("ix_newer", "decision", ["decided_at"])
"""


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'books.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@contextmanager
def newer_version(tmp_path: Path, script: str = ADDITIVE) -> Iterator[None]:
    """Inside, the code is of the next version: its migrations hold one more."""
    scripts = tmp_path / "newer"
    if not scripts.exists():
        shutil.copytree(migrate.SCRIPTS, scripts)
    (scripts / "versions" / f"{NEXT}_newer.py").write_text(script)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "SCRIPTS", scripts)
        patch.setattr(migrate, "HEAD", NEXT)
        yield


def lived_in(store: Store, tmp_path: Path) -> Company:
    snapshots = SnapshotFolder(tmp_path / "snapshots")
    import_network(store, snapshots, example(), NOW)
    return Company.load(store, snapshots, NOW.date())


def route(store: Store, here: Company, name: str) -> str:
    order = OrderBody.model_validate_json(json.dumps(order_body(name))).order()
    record = route_order(store, here.shipping, here.network.policy, RouteOrder(order, NOW)).record
    return record.outcome.value


def test_the_older_version_serves_while_and_after_the_newer_one_migrates(url: str, tmp_path: Path) -> None:
    """Orders are routed without a pause by the older version; the newer one migrates among them; not one of them fails."""
    older = open_store(url)
    here = lived_in(older, tmp_path)
    failures: list[str] = []
    done: list[str] = []
    stop = threading.Event()

    def load(worker: int) -> None:
        while not stop.is_set() or len(done) < 20:
            name = f"W{worker}-{len(done)}-{time.monotonic_ns()}"
            try:
                done.append(route(older, here, name))
            except Exception as error:  # noqa: BLE001 (whatever it is, it is counted)
                failures.append(repr(error))
                return

    threads = [threading.Thread(target=load, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    while len(done) < 3 and not failures:
        time.sleep(0.02)
    before = len(done)
    with newer_version(tmp_path):
        upgrade(url)
    migrated = len(done)
    while len(done) < migrated + 3 and not failures:
        time.sleep(0.02)
    stop.set()
    for thread in threads:
        thread.join(60)

    assert failures == []
    assert len(done) > migrated >= before > 0, "orders were routed before, and after, the migration"

    restarted = open_store(url)
    assert route(restarted, here, "after-a-crash") in {"executed", "unserved"}, "an older process may start again"
    assert [finding for finding in check_books(restarted, NOW) if finding.broken] == []
    with newer_version(tmp_path):
        newer = open_store(url)
        assert route(newer, here, "by-the-newer") in {"executed", "unserved"}
        newer.close()
    restarted.close()
    older.close()


def test_a_newer_schema_that_does_not_serve_us_is_refused(url: str, tmp_path: Path) -> None:
    open_store(url).close()
    with newer_version(tmp_path, ADDITIVE.replace(f'serves = "{HEAD}"', "")):
        upgrade(url)
    with pytest.raises(StoreError, match=f"schema {NEXT}, which this version does not know"):
        open_store(url)


def test_what_one_migration_asks_the_next_does_not_take_back(url: str, tmp_path: Path) -> None:
    """The oldest code served is the latest that any migration asks for."""
    engine = migrate.engine_for(url)
    open_store(url).close()
    with engine.begin() as connection:
        asked = oldest_served(connection)
    assert asked is not None
    with newer_version(tmp_path, ADDITIVE.replace(f'serves = "{HEAD}"', 'serves = "0001"')):
        upgrade(url)
    with engine.begin() as connection:
        assert oldest_served(connection) == asked, "0001 cannot use what a migration before took from it"
    engine.dispose()


def test_a_migration_waits_for_a_busy_table_a_little_and_holds_nobody_up(postgres_url: str, tmp_path: Path) -> None:
    """Somebody reads `decision` for a while: the migration asks again and again, and others get in between."""
    upgrade(postgres_url)
    with pytest.MonkeyPatch.context() as patch, psycopg.connect(postgres_url) as reading:
        patch.setattr(migrate, "LOCK_S", 1)
        reading.execute("SELECT count(*) FROM decision")
        migrating = threading.Thread(target=_upgraded, args=(postgres_url, tmp_path))
        migrating.start()
        time.sleep(1.3)
        with psycopg.connect(postgres_url, options="-c statement_timeout=3000") as other:
            other.execute("SELECT count(*) FROM decision").fetchone()
        reading.rollback()
        migrating.join(30)
    with psycopg.connect(postgres_url) as looking:
        assert looking.execute("SELECT version_num FROM alembic_version").fetchone() == (NEXT,)


def _upgraded(url: str, tmp_path: Path) -> None:
    with newer_version(tmp_path):
        upgrade(url)


# --- migrations as they are written ------------------------------------------------------------------------------

TAKES_AWAY = {"drop_table", "drop_column", "drop_constraint", "drop_index", "rename_table", "alter_column"}
OF_BEFORE = {
    ("0003_what_plans_brought.py", name) for name in ("drop_constraint", "drop_index", "rename_table", "drop_table")
}
"""Written before anybody ran two versions at once."""
BLOCKS = re.compile(
    r"(?is)\b(LOCK\s+TABLE|DROP\s+(TABLE|COLUMN|SCHEMA)|(?<!BEFORE )(?<!OR )TRUNCATE(?= +TABLE| +\w+ *;)|RENAME\s+(TO|COLUMN)|ALTER\s+COLUMN|SET\s+NOT\s+NULL|VACUUM\s+FULL|CLUSTER)\b"
)


def offences(name: str, text: str) -> list[str]:
    """What a migration does that an older version at work would notice."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        call = node.func.attr
        if call in TAKES_AWAY and (name, call) not in OF_BEFORE:
            found.append(f"{name}:{node.lineno} {call}: expand now, contract a version later")
        if call == "add_column":
            column = node.args[1]
            assert isinstance(column, ast.Call)
            words = {word.arg: word.value for word in column.keywords}
            nullable = words.get("nullable")
            optional = isinstance(nullable, ast.Constant) and nullable.value is True
            if not optional and "server_default" not in words:
                found.append(f"{name}:{node.lineno} add_column without a default: older code cannot insert")
        if call in {"create_check_constraint", "create_foreign_key", "create_unique_constraint"} and (
            name, "drop_constraint",
        ) not in OF_BEFORE:  # fmt: skip
            found.append(f"{name}:{node.lineno} {call}: validates every row under a lock")
    return found


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("*.py")), ids=lambda path: path.stem)
def test_a_migration_only_adds(path: Path) -> None:
    assert offences(path.name, path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("*.sql")), ids=lambda path: path.stem)
def test_statements_of_a_migration_lock_and_drop_nothing(path: Path) -> None:
    assert BLOCKS.findall(re.sub(r"--.*", "", path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "line",
    [
        'op.drop_column("decision", "record")',
        'op.rename_table("decision", "verdict")',
        'op.alter_column("decision", "record", type_=sa.Text())',
        'op.add_column("decision", sa.Column("x", sa.Text(), nullable=False))',
        'op.create_foreign_key("fk", "decision", "placed_order", ["order_id"], ["id"])',
    ],
)
def test_the_lint_finds_what_it_is_for(line: str) -> None:
    assert offences("9999_bad.py", f"def upgrade():\n    {line}\n")


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("*.py")), ids=lambda path: path.stem)
def test_a_migration_from_the_sixth_on_says_whom_it_serves(path: Path) -> None:
    if path.name[:4] <= "0005":
        return
    told = re.search(r'^serves = "(\d{4})"$', path.read_text("utf-8"), re.MULTILINE)
    assert told, "say `serves = ...`: the oldest schema whose code may go on working on this one"
    assert told[1] < path.name[:4]


def test_books_of_one_version_before_can_be_used_by_it_again(url: str, tmp_path: Path) -> None:
    """Rolling back the code after the database went on: its columns are there, their defaults fill in."""
    older = open_store(url)
    lived_in(older, tmp_path)
    older.close()
    with newer_version(tmp_path):
        upgrade(url)
    back = open_store(url)
    with back.transaction() as books:
        books.enter(Entry("thing", "a", {"x": 1}, due_at=NOW + timedelta(hours=1)))
        assert [entry.id for entry in books.entries("thing")] == ["a"]
    back.close()
    engine = migrate.engine_for(url)
    with engine.begin() as connection:
        assert connection.execute(sa.text("SELECT newer FROM entry WHERE kind = 'thing'")).scalar() == 7
    engine.dispose()
