"""What moves are worth and cost, exactly, whoever thought of them."""
