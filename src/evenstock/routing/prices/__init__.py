"""What one more unit at a node, and one more place in a day, is worth to orders that have yet to come."""
