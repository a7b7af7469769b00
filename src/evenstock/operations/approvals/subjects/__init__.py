"""What can be approved, one kind a file: `PREFIX`, and `carry_out(place, request, by, now)`, which does it."""
