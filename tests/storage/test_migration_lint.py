"""Migrations run beside the version before: each rule of `migration_lint` finds what it is for, and ours keep them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from tests.storage.migration_lint import RULES, Step, lint

from evenstock.storage.migrate import HEAD, LOCK_S, TABLE_LOCK_MS, config, engine_for, upgrade

SINS = {
    "rewrite": [
        "ALTER TABLE movement ALTER COLUMN units TYPE numeric",
        "ALTER TABLE movement ALTER units SET DATA TYPE numeric USING units::numeric",
        "ALTER TABLE movement ADD COLUMN seen_at timestamptz DEFAULT clock_timestamp()",
        "ALTER TABLE movement ADD COLUMN token uuid DEFAULT gen_random_uuid()",
        "ALTER TABLE movement ADD COLUMN place bigint GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE movement ADD COLUMN twice bigint GENERATED ALWAYS AS (units * 2) STORED",
        "ALTER TABLE movement ADD place BIGSERIAL",
        "ALTER TABLE movement SET UNLOGGED",
        "CLUSTER movement USING pk_movement",
        "VACUUM FULL movement",
        "REINDEX TABLE movement",
        "DO $$ BEGIN ALTER TABLE movement ALTER COLUMN units TYPE numeric; EXCEPTION WHEN others THEN NULL; END $$",
    ],
    "scan under lock": [
        "ALTER TABLE movement ADD CONSTRAINT few CHECK (units < 1000)",
        "ALTER TABLE movement ADD CHECK (units < 1000)",
        "ALTER TABLE reservation_line ADD CONSTRAINT whose FOREIGN KEY (reservation_id) REFERENCES reservation (id)",
        "ALTER TABLE movement ADD COLUMN lane text REFERENCES entry (id)",
        "ALTER TABLE movement ALTER COLUMN reverses SET NOT NULL",
        "ALTER TABLE movement ADD CONSTRAINT once UNIQUE (sku, occurred_at)",
        "ALTER TABLE lease ADD PRIMARY KEY (holder)",
        "ALTER TABLE movement ADD COLUMN a text, ADD CONSTRAINT few CHECK (units < 1000)",
    ],
    "validated beside": [
        "ALTER TABLE movement ADD CONSTRAINT few CHECK (units < 1000) NOT VALID; ALTER TABLE movement VALIDATE CONSTRAINT few",
    ],
    "blocking index": [
        "CREATE INDEX ix_movement_lot ON movement (lot)",
        "CREATE UNIQUE INDEX IF NOT EXISTS ix_movement_lot ON public_movement USING btree (lot) WHERE lot <> ''",
        "-- quickly\nCREATE INDEX ON movement (lot)",
    ],
    "dropped": [
        "DROP TABLE quota",
        "ALTER TABLE quota DROP COLUMN taken",
        "ALTER TABLE quota DROP taken",
        "ALTER TABLE quota RENAME COLUMN taken TO drawn",
        "ALTER TABLE quota RENAME TO pool",
        "ALTER TABLE received_event ALTER COLUMN tries DROP DEFAULT",
        "ALTER TABLE quota ADD COLUMN season text NOT NULL",
        "DROP FUNCTION look_up(text[], date[], timestamptz)",
        "TRUNCATE entry",
    ],
    "long change": [
        "UPDATE movement SET lot = '' WHERE lot IS NULL",
        "DELETE FROM outbox",
        "LOCK TABLE movement IN ACCESS EXCLUSIVE MODE",
    ],
}
"""Each a migration of its own, at schema 9002, beside which code of 9001 goes on."""

VIRTUES = """
CREATE TABLE lot_note (lot text NOT NULL, told text DEFAULT now()::text, CHECK (lot <> ''), PRIMARY KEY (lot));
CREATE INDEX ix_lot_note_told ON lot_note (told);
ALTER TABLE lot_note ADD CONSTRAINT told_once UNIQUE (told);
UPDATE lot_note SET told = '';
ALTER TABLE movement ADD COLUMN lane text NOT NULL DEFAULT '';
ALTER TABLE movement ADD COLUMN tries integer DEFAULT 0, ADD COLUMN seen boolean DEFAULT false;
ALTER TABLE movement ADD CONSTRAINT few CHECK (units < 1000) NOT VALID;
ALTER TABLE reservation VALIDATE CONSTRAINT kept_of_before;
ALTER TABLE movement ADD CONSTRAINT once UNIQUE USING INDEX ix_once;
ALTER TABLE movement ALTER COLUMN lane SET DEFAULT 'road';
ALTER TABLE movement DROP CONSTRAINT few;
CREATE INDEX CONCURRENTLY ix_movement_lane ON movement (lane);
REINDEX TABLE CONCURRENTLY movement;
"""


def sin(said: str) -> Step:
    return Step("9002", [said] if said.startswith("DO") else said.split("; "), serves="9001")


@pytest.mark.parametrize(("rule", "said"), [(rule, said) for rule, all_of in SINS.items() for said in all_of])
def test_a_rule_finds_what_it_is_for(rule: str, said: str) -> None:
    assert list(RULES[rule](sin(said))), said


def test_every_rule_has_its_control() -> None:
    assert set(SINS) == set(RULES)


def test_what_is_right_is_left_alone() -> None:
    assert lint(Step("9002", VIRTUES.strip().split(";\n"), serves="9001")) == []


def test_what_a_function_would_do_later_is_no_deed_of_the_migration() -> None:
    body = "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM outbox; TRUNCATE entry $$"
    assert lint(Step("9002", [body], serves="9001")) == []


def test_whoever_serves_no_older_version_may_drop() -> None:
    assert list(RULES["dropped"](Step("9002", ["DROP TABLE quota"], serves="9002"))) == []
    assert list(RULES["dropped"](Step("9002", ["DROP TABLE quota"]))) == []


# --- ours --------------------------------------------------------------------------------------------------------------

JUSTIFIED: dict[tuple[str, str, str], str] = {
    (
        "0003",
        "scan under lock",
        "capacity_price",
    ): "a few prices a node and day; and no older version goes on beside 0003",
    (
        "0006",
        "blocking index",
        "case_file",
    ): "over cases alone, thousands at most: built in milliseconds, and only read by then",
}
"""What a rule finds and was looked at: migration, rule and table, with why it is right. Beginning with the next, none is expected."""


def steps_of(engine: sa.Engine) -> Iterator[Step]:
    """Each migration as it really runs, one after the other."""
    said: list[str] = []

    @sa.event.listens_for(engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    with engine.begin() as connection:
        scripts = [*ScriptDirectory.from_config(config(connection)).walk_revisions()]
    for script in reversed(scripts):
        with engine.begin() as connection:
            said.clear()
            command.upgrade(config(connection), script.revision)
            kept = tuple(said)
        yield Step(script.revision, kept, getattr(script.module, "serves", ""))


@pytest.fixture
def engine(empty_database: str) -> Iterator[sa.Engine]:
    made = engine_for(empty_database)
    yield made
    made.dispose()


def test_our_migrations_keep_the_rules(engine: sa.Engine) -> None:
    steps = list(steps_of(engine))
    assert [step.revision for step in steps][-1] == HEAD
    assert "movement" in steps[0].new, "statements are seen as they run"
    assert any(_changes(step) for step in steps[1:])
    found = {(step.revision, rule, said.partition(":")[0]): said for step in steps for rule, said in lint(step)}
    assert {key: said for key, said in found.items() if key not in JUSTIFIED} == {}
    assert set(JUSTIFIED) <= set(found), "what is justified is there still"


def _changes(step: Step) -> bool:
    return any(
        re.match(r"(?i)(alter table|create index|create (or replace )?function)", said.strip())
        for said in step.statements
    )


# --- and what the server says of it ------------------------------------------------------------------------------------


@contextmanager
def rewritten(connection: sa.Connection) -> Iterator[set[str]]:
    """Tables of before whose rows lie elsewhere afterwards, even where there are none."""
    asked = sa.text(
        "SELECT relname, pg_relation_filenode(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    before = dict(connection.execute(asked).all())
    found: set[str] = set()
    yield found
    after = dict(connection.execute(asked).all())
    found |= {table for table, place in before.items() if table in after and after[table] != place}


def test_no_migration_writes_a_table_anew(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        scripts = [*ScriptDirectory.from_config(config(connection)).walk_revisions()]
    for script in reversed(scripts):
        with engine.begin() as connection, rewritten(connection) as found:
            command.upgrade(config(connection), script.revision)
        assert found == set(), script.revision


def test_a_table_that_is_written_anew_is_seen(engine: sa.Engine, empty_database: str) -> None:
    upgrade(empty_database)
    with engine.begin() as connection, rewritten(connection) as found:
        connection.exec_driver_sql("ALTER TABLE movement ADD COLUMN token uuid DEFAULT gen_random_uuid()")
        connection.exec_driver_sql("ALTER TABLE quota ADD COLUMN lane text NOT NULL DEFAULT ''")
    assert found == {"movement"}


def test_whoever_migrates_waits_for_no_lock_for_long(empty_database: str) -> None:
    """While a migration waits for a table, everybody who comes after it waits behind it."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(" ".join(statement.split()))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        upgrade(empty_database)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert f"SET LOCAL lock_timeout = '{LOCK_S}s'" in said, "for whoever else migrates"
    limit = said.index(f"SET LOCAL lock_timeout = '{TABLE_LOCK_MS}ms'")
    first = next(at for at, one in enumerate(said) if re.match(r"(?i)(create|alter|drop)\b", one))
    assert limit < first
    assert TABLE_LOCK_MS < 1_000, "the server looks for those who wait in a circle after a second"
    later = [one for one in said[limit + 1 :] if "lock_timeout" in one]
    assert later == [], "no migration takes more time for itself"


def test_every_constraint_was_validated_in_the_end(engine: sa.Engine, empty_database: str) -> None:
    upgrade(empty_database)
    asked = "SELECT conname FROM pg_constraint WHERE NOT convalidated ORDER BY 1"
    with engine.begin() as connection:
        assert connection.exec_driver_sql(asked).scalars().all() == []
        connection.exec_driver_sql("ALTER TABLE movement ADD CONSTRAINT few CHECK (units < 1000) NOT VALID")
        assert connection.exec_driver_sql(asked).scalars().all() == ["few"]
