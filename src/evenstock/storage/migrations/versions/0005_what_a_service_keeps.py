"""What a service keeps: events of others before they are applied, entries that change step by step, and who leads."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _received_events()
    _entries()
    op.create_table(
        "lease",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
        comment="Who leads, and until when by the database's clock; the token grows with each other holder.",
    )
    if op.get_bind().dialect.name == "postgresql":
        function = Path(__file__).with_name("0005_claim_received_postgresql.sql").read_text("utf-8")
        op.get_bind().exec_driver_sql(function)


def _received_events() -> None:
    op.create_table(
        "received_event",
        sa.Column("number", NUMBER, sa.Identity(always=True), nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("handling", TEXT, nullable=False, server_default="waiting"),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("because", TEXT, nullable=False, server_default=""),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("handled_at", MOMENT, nullable=True),
        sa.CheckConstraint("handling IN ('waiting', 'done', 'dead')", name=op.f("ck_received_event_handling_known")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_received_event")),
        comment="Events of others, stored before they are applied, and what became of each.",
    )
    op.create_index("uq_received_event_source", "received_event", ["source", "id"], unique=True)
    op.create_index(
        "ix_received_event_waiting",
        "received_event",
        ["source", "subject", "number"],
        unique=False,
        postgresql_where=sa.text("handling = 'waiting'"),
        sqlite_where=sa.text("handling = 'waiting'"),
    )
    op.create_index("ix_received_event_handling", "received_event", ["handling", "number"], unique=False)


def _entries() -> None:
    op.create_table(
        "entry",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_entry")),
        comment="What the service keeps and changes step by step.",
    )
    op.create_index("ix_entry_state", "entry", ["kind", "state", "id"], unique=False)
    op.create_index(
        "ix_entry_due_at",
        "entry",
        ["kind", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
