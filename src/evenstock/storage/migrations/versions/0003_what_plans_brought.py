"""What plans brought, line by line; how a transfer travels; prices of lanes, docks and room beside those of nodes and services."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DAY = sa.Date().with_variant(sa.Text(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
SCOPES = "scope IN ('node', 'service', 'lane', 'dock_out', 'dock_in', 'room')"


def upgrade() -> None:
    op.create_table(
        "plan_outcome",
        sa.Column("plan", TEXT, nullable=False),
        sa.Column("judged_on", DAY, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("plan", name=op.f("pk_plan_outcome")),
        comment="What the executed lines of a plan really brought; judged again, the newer one counts.",
    )
    op.add_column("transfer_order", sa.Column("mode", TEXT, nullable=False, server_default=""))
    op.add_column("transfer_order", sa.Column("dispatched_on", DAY, nullable=True))
    op.add_column("transfer_order", sa.Column("received_on", DAY, nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_capacity_price_scope_known"), "capacity_price")
        op.create_check_constraint(op.f("ck_capacity_price_scope_known"), "capacity_price", SCOPES)
    else:
        _capacity_prices_again()


def _capacity_prices_again() -> None:
    """SQLite cannot change a constraint: the rows move into a new table."""
    op.drop_index("ix_capacity_price_day", "capacity_price")
    op.rename_table("capacity_price", "capacity_price_before")
    op.create_table(
        "capacity_price",
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("day", DAY, nullable=False),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(SCOPES, name=op.f("ck_capacity_price_scope_known")),
        sa.PrimaryKeyConstraint("scope", "name", "day", "valid_from", "source", name=op.f("pk_capacity_price")),
    )
    op.execute(
        "INSERT INTO capacity_price SELECT scope, name, day, valid_from, source, cents FROM capacity_price_before"
    )
    op.drop_table("capacity_price_before")
    op.create_index("ix_capacity_price_day", "capacity_price", ["day"], unique=False)
