"""Would it have been better? A brand to try things in, driven through the real operations."""
