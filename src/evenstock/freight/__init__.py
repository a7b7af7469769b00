"""What moving costs and how long it takes."""
