"""What goes wrong after an order was routed, one exception a file: an event, a change of state, a next action and a deadline.

Each takes the store, the network, the policy and a report, and gives `Handled`, or `Refuse` with a sentence where the report
cannot be right. The same report twice changes nothing. What has to follow stands in cases: done at once where it can be,
and else by `run_due`, so that a process that dies in between loses nothing.
"""
