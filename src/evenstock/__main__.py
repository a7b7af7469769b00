"""`python -m evenstock` is the command line."""

from evenstock.cli import main

main()
