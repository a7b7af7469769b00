"""What a case does by itself when its deadline comes, one action a file: `NAME`, and `act(at, case, now)`.

`act` gives the case's next step: closed, or open with a later deadline. It may keep that step itself, in the transaction in
which it acts, or leave it to `run_due`. It must come to the same when it is asked twice. `run_due` has claimed the case
before, so that no two act at once, and an action that raises leaves the case open, to be asked again later.
"""
