"""Carrier overrides: proposed where a carrier fails, adopted or rejected by a person, and over by themselves."""
