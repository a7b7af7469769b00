"""Splits whole cents among the lines of a lane so that they re-add."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints


def share_out(cents: Ints, group: Ints, weight: Floats) -> Ints:
    """Cents by line: each group's whole amount, by weight, each share within a cent of exact.

    Parameters
    ----------
    cents
        Amount of each group, ``(groups,)``.
    group
        Group of each line, ``(lines,)``.
    weight
        Not below zero, ``(lines,)``; a group without any weight gives its lines nothing.

    Examples
    --------
    >>> share_out(np.array([100]), np.array([0, 0, 0]), np.ones(3)).tolist()
    [33, 34, 33]
    """
    order = np.argsort(group, kind="stable")
    sorted_group = group[order]
    total = np.bincount(group, weights=weight, minlength=len(cents))
    # Shares of one before they are summed: a light group after a heavy one would drown in the running sum.
    share = np.divide(weight[order], total[sorted_group], out=np.zeros(len(order)), where=total[sorted_group] > 0)
    running = np.cumsum(share)
    first = np.searchsorted(sorted_group, sorted_group)
    before = np.concatenate([[0.0], running])[first]
    exact = cents[sorted_group] * (running - before)
    upto = np.rint(exact).astype(np.int64)
    last = np.append(sorted_group[1:] != sorted_group[:-1], [True]) if len(order) else np.zeros(0, np.bool_)
    upto[last] = np.where(total[sorted_group[last]] > 0, cents[sorted_group[last]], 0)
    start = np.concatenate([[0], upto[:-1]])
    start[first == np.arange(len(order))] = 0
    shares = np.zeros(len(order), np.int64)
    shares[order] = upto - start
    return shares
