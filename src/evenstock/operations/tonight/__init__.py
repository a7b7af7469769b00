"""Tonight's question to rebalancing, gathered from the books, the forecast, freight, rules and wishes."""
