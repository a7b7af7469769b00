"""Kinds of rules, one a file: `PARAMETERS` says what it takes, `compile_rule` makes it a `Ruling`."""
