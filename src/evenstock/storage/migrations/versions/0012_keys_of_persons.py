"""Keys under which what is known of a person is kept, so that it can be forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
serves = "0005"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "personal_key",
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("country", TEXT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("master", TEXT, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("erased_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("subject", "id", name=op.f("pk_personal_key")),
        comment="Keys of persons, each wrapped by a master key; an erased one is empty and stays, so that it is known when.",
    )
    op.create_index(
        "ix_personal_key_made_at",
        "personal_key",
        ["made_at"],
        unique=False,
        postgresql_where=sa.text("erased_at IS NULL"),
        sqlite_where=sa.text("erased_at IS NULL"),
    )
