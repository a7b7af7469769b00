"""A group of commands one of which is meant where none is named."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


def group(default: str) -> type[TyperGroup]:
    """`evenstock stock MUG` is `evenstock stock show MUG` in a group whose default is `show`."""

    class DefaultGroup(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            named = bool(args) and args[0] in {*self.commands, "--help"}
            return super().parse_args(ctx, args if named else [default, *args])

    return DefaultGroup
