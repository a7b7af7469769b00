"""Forecasters, one a file: drop in a module with `fit(history, horizon=..., calendar=...) -> Daily`."""
