"""Keys under which what is known of a person is kept, so that it can be forgotten."""

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
serves = "0005"


def upgrade() -> None:
    """Filled in with the table of keys."""
