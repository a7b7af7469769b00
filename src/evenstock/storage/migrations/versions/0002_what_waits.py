"""What waits: cases and the orders they are about; what is kept for a class of customers; what a place in a day is worth."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
DAY = sa.Date().with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    _cases()
    _capacity_prices()
    _quotas()
    if op.get_bind().dialect.name == "postgresql":
        guards = Path(__file__).with_name("0002_quotas_postgresql.sql").read_text("utf-8")
        for statement in guards.split(";;\n"):
            if statement.strip():
                op.get_bind().exec_driver_sql(statement)


def _cases() -> None:
    op.create_table(
        "placed_order",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placed_order")),
        comment="Orders as they were placed.",
    )
    op.create_table(
        "case_file",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("about", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("opened_as", TEXT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('review', 'unserved', 'short_pick', 'address', 'fraud', 'cancellation', 'carrier', 'node_down', "
            "'cutoff_missed')",
            name=op.f("ck_case_file_kind_known"),
        ),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_case_file_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_file")),
        comment="What waits for a person or a moment; opened_as is the digest of the case when it was opened.",
    )
    op.create_index(
        "ix_case_file_due_at",
        "case_file",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
        sqlite_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_case_file_about", "case_file", ["about"], unique=False)


def _capacity_prices() -> None:
    op.create_table(
        "capacity_price",
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("day", DAY, nullable=False),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("scope IN ('node', 'service')", name=op.f("ck_capacity_price_scope_known")),
        sa.PrimaryKeyConstraint("scope", "name", "day", "valid_from", "source", name=op.f("pk_capacity_price")),
    )
    op.create_index("ix_capacity_price_day", "capacity_price", ["day"], unique=False)


def _quotas() -> None:
    op.create_table(
        "quota",
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("node", TEXT, nullable=False),
        sa.Column("order_class", TEXT, nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("taken BETWEEN 0 AND units", name=op.f("ck_quota_taken_within_units")),
        sa.PrimaryKeyConstraint("sku", "node", "order_class", name=op.f("pk_quota")),
        comment="Units kept for a class of customers, over all lots of an item at a node.",
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "reservation_quota",
        sa.Column("reservation_id", TEXT, nullable=False),
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("node", TEXT, nullable=False),
        sa.Column("order_class", TEXT, nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("ck_reservation_quota_units_positive")),
        sa.PrimaryKeyConstraint("reservation_id", "sku", "node", "order_class", name=op.f("pk_reservation_quota")),
        comment="What a reservation drew from its class's quotas, and gives back when it is voided or expires.",
    )
