"""Roles as callers of the API write and read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from evenstock.operations.access.grants import body_of, grants_of
from evenstock.operations.access.principal import Grant, Role
from evenstock.service.http.problems import Problem
from evenstock.service.http.strict import Cents, MaybeName, Name, Strict

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]


class GrantBody(Strict):
    """A role, where it holds, and up to which money."""

    role: Annotated[Role, Field(strict=False)]
    nodes: Annotated[list[Name], Field(max_length=1_000, description="Empty, and no regions: everywhere")] = Field(
        default_factory=list
    )
    regions: Annotated[list[Country], Field(max_length=250, description="Countries of nodes")] = Field(
        default_factory=list
    )
    limit_cents: Cents | None = Field(default=None, description="Most that one approval may be worth; null: no limit")
    source: MaybeName = Field(default="", description="The one source whose events an integration may bring")


class GrantOut(BaseModel):
    role: str
    nodes: list[str]
    regions: list[str]
    limit_cents: int | None
    source: str


Grants = Annotated[list[GrantBody], Field(min_length=1, max_length=50)]


def granted(bodies: Sequence[GrantBody]) -> tuple[Grant, ...]:
    """As operations know them. Raises Problem with the place that is wrong."""
    try:
        return grants_of([body.model_dump(mode="json") for body in bodies])
    except ValueError as error:
        raise Problem("invalid_request", f"/grants: {error}", errors=[("/grants", str(error))]) from None


def shown(grants: Sequence[Grant]) -> list[dict[str, object]]:
    return body_of(grants)
