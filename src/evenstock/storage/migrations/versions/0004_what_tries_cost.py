"""What orders that ship by another service on purpose have cost, week by week."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

DAY = sa.Date().with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tries_week",
        sa.Column("week", DAY, nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cents >= 0", name=op.f("ck_tries_week_cents_not_negative")),
        sa.PrimaryKeyConstraint("week", name=op.f("pk_tries_week")),
        comment="What orders shipped by another service on purpose have cost beyond the best plans, by Monday of the week.",
        postgresql_with={"fillfactor": 70},
    )
