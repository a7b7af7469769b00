"""Decision 1: where an order ships from, as pure functions of data and `now`."""
