"""Which cases go where at given lane costs, item by item, and how far that is the optimum."""
