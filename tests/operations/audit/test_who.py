"""In which roles somebody acts: of a key none that its owner lost."""

from __future__ import annotations

import pytest

from evenstock.operations.access.grants import grant_of
from evenstock.operations.access.principal import Kind, Principal, Role
from evenstock.operations.audit.who import Through, who_of


@pytest.mark.parametrize(
    ("owner", "left"),
    [
        (None, {Role.PLANNER, Role.VIEWER}),
        ("planner", {Role.PLANNER, Role.VIEWER}),
        ("planner@TX", {Role.VIEWER}),
        ("viewer@PA", set()),
    ],
)
def test_a_key_acts_in_the_roles_that_its_owner_still_has(owner: str | None, left: set[Role]) -> None:
    within = None if owner is None else (grant_of(owner),)
    key = Principal("key:ek_1", Kind.INTEGRATION, (grant_of("planner"), grant_of("viewer@TX")), within=within)

    who = who_of(key)

    assert {grant.role for grant in who.grants or ()} == left
    assert who.through is Through.API
