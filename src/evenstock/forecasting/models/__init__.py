"""Forecasters, one a file: drop in a module with `VERSION` and
`predict(history, *, horizon, drivers, learned) -> Daily`.

One that learns beforehand also has `train(history, *, drivers, seed) -> bytes`, whose result comes back as `learned`, and
`version(learned) -> str`. `drivers` hold only what was known on `history.as_of`.
"""
