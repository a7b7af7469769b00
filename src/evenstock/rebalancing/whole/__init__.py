"""The whole question as one scenario program: exact, slow, and the judge of everything faster."""
