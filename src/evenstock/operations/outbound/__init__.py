"""Our own facts, told to others who asked for them: subscriptions, and one delivery for each fact and subscription.

A fact leaves the outbox in the same commit that makes its deliveries, so that each is told if and only if it happened; a
delivery is tried until it is taken or given up, facts of one aggregate in their order.
"""
