"""Writes the table of docs/who-may-do-what.md from the policies; `--check` says whether it stands there already."""

import sys
from pathlib import Path

from evenstock.operations.access.actions import Action
from evenstock.operations.access.grants import grant_of
from evenstock.operations.access.principal import Kind, Principal, Role
from evenstock.service.access.permissions import Permissions

PAGE = Path(__file__).with_name("who-may-do-what.md")
BEGINS, ENDS = "<!-- the table: written by docs/who_may_do_what.py -->\n", "<!-- the table ends -->\n"


def table() -> str:
    permissions = Permissions()

    def cell(role: Role, action: Action) -> str:
        kind = {Role.INTEGRATION: Kind.INTEGRATION, Role.AGENT: Kind.AGENT}.get(role, Kind.PERSON)

        def found(grant: str) -> frozenset[str] | None:
            answer = permissions.found(Principal("", kind, (grant_of(grant),)), action, dict)
            return answer.nodes if answer.anywhere else frozenset()

        if found(role.value) is not None:
            return ""
        at_node = found(f"{role.value}@NODE")
        return "yes" if at_node is None else "at its nodes" if at_node else "company-wide"

    rows = [["action", *Role], ["---"] * (len(Role) + 1)]
    rows += [[f"`{action}`", *(cell(role, action) for role in Role)] for action in Action]
    return "".join("|" + "|".join(f" {one} " if one else " " for one in row) + "|\n" for row in rows)


def page(text: str) -> str:
    head, _, rest = text.partition(BEGINS)
    _, _, tail = rest.partition(ENDS)
    return head + BEGINS + "\n" + table() + "\n" + ENDS + tail


if __name__ == "__main__":
    now = PAGE.read_text("utf-8")
    wanted = page(now)
    if "--check" in sys.argv:
        sys.exit(0 if now == wanted else f"{PAGE.name} is old: run python docs/who_may_do_what.py")
    PAGE.write_text(wanted, "utf-8")
