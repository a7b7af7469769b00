"""Records, answers and bodies are compressed by LZ4 where the server has it: half of what writing down an answer cost."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
serves = "0005"

LONG = (("decision", "record"), ("command", "response"), ("outbox", "body"), ("received_event", "body"))


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column in LONG:
        # A server built without LZ4, or older than 14, keeps its own way: rows read the same.
        change = f"ALTER TABLE {table} ALTER COLUMN {column} SET COMPRESSION lz4"
        op.get_bind().execute(
            sa.text(
                f"DO $$ BEGIN {change}; EXCEPTION WHEN feature_not_supported OR syntax_error OR invalid_parameter_value "
                "THEN NULL; END $$"
            )
        )
