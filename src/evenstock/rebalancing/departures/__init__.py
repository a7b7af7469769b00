"""Which departures to pay for: what items share on a lane couples them."""
