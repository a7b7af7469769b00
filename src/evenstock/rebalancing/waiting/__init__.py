"""Ship tonight or wait for the lane's next departure: what a day more of knowledge is worth."""
