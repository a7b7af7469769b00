"""Would it have been better? Past orders decided again with the stock of their day, against what was done and against perfection."""
