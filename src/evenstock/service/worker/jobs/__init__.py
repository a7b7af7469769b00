"""What the worker does, one job a file."""
