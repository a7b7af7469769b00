"""Rules people use, to compare with: an open family.

A member offers ``solve(problem) -> Solution``, priced and evaluated like any other plan.
"""
