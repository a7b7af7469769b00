"""What a move costs, one term a file: an open family.

A member offers

``COLUMN``
    The column of the plan it adds to: ``freight``, ``handling`` or ``capital``.
``JOINT``
    True where it is a cost of the whole departure, which a plan shares among its lines by what they bring.
``slope(problem)``
    Cents per unit by item and lane, ``(K, A)``, as if departures left full: the solver's first idea of the term.
``term(problem, moves)``
    Whole cents by line, exact, each rounded once.
"""
