"""Policies of the field and ours on one stream of orders: the same customers, the same stock, the same guard."""
