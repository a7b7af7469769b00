"""Errors of the database without the values of rows: a server repeats the row that it refuses, and an order holds who bought what."""

from __future__ import annotations

import sqlalchemy as sa


def say_no_values(engine: sa.Engine) -> None:
    """Keep of what the server says its first line: which rule was broken, and where; beside `hide_parameters` of the engine."""

    @sa.event.listens_for(engine, "handle_error")
    def first_line(context: sa.ExceptionContext) -> None:
        for error in (context.original_exception, context.sqlalchemy_exception):
            if isinstance(error, (engine.dialect.loaded_dbapi.Error, sa.exc.DBAPIError)):
                keep_first_line(error)


def keep_first_line(error: BaseException) -> None:
    """Of an error of the driver: which rule was broken, and where."""
    if error.args:
        said = str(error.args[0]).strip().splitlines()
        error.args = (said[0] if said else "", *error.args[1:])
