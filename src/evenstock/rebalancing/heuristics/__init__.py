"""Rules people use, to compare with: an open family.

A member offers ``solve(problem) -> Solution``, priced and evaluated like any other plan. It keeps floors, forbidden lanes, whole
cases, acceptance limits and whatever all items share; beyond that it does as the rule says, worth it or not.
"""
