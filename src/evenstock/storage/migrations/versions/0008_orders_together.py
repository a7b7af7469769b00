"""Many orders in one transaction of two statements; a record lies in the books once."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
serves = "0005"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        functions = Path(__file__).with_name("0008_orders_together_postgresql.sql").read_text("utf-8")
        for statement in functions.split(";;\n"):
            if statement.strip():
                op.get_bind().exec_driver_sql(statement)
