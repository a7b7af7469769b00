"""What became of what was recommended, what was foretold and what it all cost: the figures of a period, each with its rows."""
