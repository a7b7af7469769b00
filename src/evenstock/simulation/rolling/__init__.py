"""Many nights in a row: plans made without seeing tomorrow, carried out, and paid for."""
