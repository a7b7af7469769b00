"""Forecasters, one a file: drop in a module with `VERSION` and
`predict(history, *, horizon, drivers, learned) -> Daily`.

One that learns beforehand also has `train(history, *, drivers, seed) -> bytes`, whose result comes back as `learned`, and
`version(learned) -> str`. `drivers` hold only what was known on `history.as_of`. One that needs a package which may not be
installed names it in `NEEDS`, imports it where it is used, and says what to install.
"""
