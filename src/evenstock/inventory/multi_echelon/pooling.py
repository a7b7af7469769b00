"""Safety stock that sites need together when they may even out by transfers, against standing alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PooledStock:
    """Safety stock in units, of all sites together, by how far they help one another."""

    alone: float
    """Every site for itself: ``z √T Σ σ_i``."""
    helping: float
    """With one evening-out so many days before the end of the cycle that its transfers arrive."""
    complete: float
    """As if all stock lay in one place: ``z √T √(Σ Σ ρ_ij σ_i σ_j)``."""

    @property
    def saved(self) -> float:
        """Share of the stock of standing alone that helping saves."""
        return 1.0 - self.helping / self.alone if self.alone > 0 else 0.0


def pooled_stock(
    sd: npt.ArrayLike,
    correlation: npt.ArrayLike | None = None,
    *,
    days: float,
    transfer_days: float,
    safety_factor: float,
) -> PooledStock:
    r"""Safety stock for the same chance of no stock-out at the end of the cycle, in three ways of working.

    Of the T days that stock has to last, all sites share the risk of the first ``T - L``: then stock is evened out, and its
    transfers take L days, in which each site bears its own. With shares of stock in proportion to ``σ_i`` all sites come to
    the same safety factor, and together need

    .. math:: z \sqrt{(T - L) \sum_i \sum_j \rho_{ij} \sigma_i \sigma_j + L \left(\sum_i \sigma_i\right)^2}

    which is Eppen's (1979) at L = 0 and standing alone at L = T. It assumes normal demand, independent from day to day;
    that unserved demand waits; that the evening-out can always be done in full, so no site is ever so far over its share
    that the others cannot be brought up to theirs (the balance assumption of Eppen and Schrage 1981, and the complete
    redistribution of Jönsson and Silver 1987); and it looks at the end of the cycle, not at days on which goods are under
    way. Where L is short against T the last point makes it careful: it counts a shortage against all sites, while in truth
    those that have goods left keep them (`simulated_stock` then wants less; it is the judge where any of this is in doubt).

    Parameters
    ----------
    sd
        Of a day's demand, units, shape ``(site,)``.
    correlation
        Of the sites' demand on a day, shape ``(site, site)``; none means independent.
    days
        From one order to the arrival of the next, T.
    transfer_days
        Of a transfer between any two sites, L; beyond `days` nobody helps.
    safety_factor
        Standard deviations to cover. [:math:`z`]

    Examples
    --------
    Four like sites, independent: complete pooling needs half, √4 ÷ 4.

    >>> four = pooled_stock([10, 10, 10, 10], days=16, transfer_days=4, safety_factor=2)
    >>> four.alone, four.complete, round(four.helping, 2), round(four.saved, 3)
    (320.0, 160.0, 211.66, 0.339)

    References
    ----------
    Eppen (1979), Management Science 25(5). Eppen and Schrage (1981), TIMS Studies in the Management Sciences 16. Jönsson
    and Silver (1987), Management Science 33(2).
    """
    deviations = np.atleast_1d(np.asarray(sd, np.float64))
    together = np.eye(len(deviations)) if correlation is None else np.asarray(correlation, np.float64)
    _refuse(deviations, together, days, transfer_days)
    apart = float(deviations.sum()) ** 2
    pooled = max(float(deviations @ together @ deviations), 0.0)
    own = min(transfer_days, days)
    return PooledStock(
        alone=safety_factor * float(np.sqrt(days * apart)),
        helping=safety_factor * float(np.sqrt((days - own) * pooled + own * apart)),
        complete=safety_factor * float(np.sqrt(days * pooled)),
    )


def _refuse(deviations: Floats, together: Floats, days: float, transfer_days: float) -> None:
    if deviations.ndim != 1 or len(deviations) == 0 or not (np.isfinite(deviations) & (deviations >= 0)).all():
        raise ValueError(f"standard deviations are one number of at least 0 a site, not {deviations.tolist()}")
    if together.shape != (len(deviations), len(deviations)):
        raise ValueError(
            f"correlation has one row and column a site, {len(deviations)}, not the shape {together.shape}"
        )
    if not np.allclose(together, together.T) or not np.allclose(np.diag(together), 1.0):
        raise ValueError("correlation is symmetric with 1 on its diagonal")
    if np.linalg.eigvalsh(together)[0] < -1e-9:
        raise ValueError("correlation has a negative eigenvalue: no demand can be correlated like this")
    if not (days > 0 and transfer_days >= 0):
        raise ValueError(f"days are above 0 and transfer days at least 0, not {days} and {transfer_days}")


def simulated_stock(demand: npt.ArrayLike, *, transfer_days: int, service: float, within: float = 1e-6) -> float:
    """Least safety stock, in units, with which sites that even out once keep the service wanted, on given paths.

    Sites open with their mean demand and a share of the safety stock in proportion to their standard deviation. When
    `transfer_days` are left, stock is evened out towards the mean of what is still to come with the same shares of the
    rest; a site gives no more than it has, so nothing assumes balance. Unserved demand waits. On the paths given this is
    exact; with every outcome once, in proportion to its probability, it is exact altogether.

    Parameters
    ----------
    demand
        Units, shape ``(path, site, day)``, every path with the same weight.
    transfer_days
        From 0, everything is evened out at the end, to the number of days, nobody helps.
    service
        Wanted share of cycles that end without unserved demand, on average over sites (Type 1, α); above 0, at most 1.
    within
        Units to which the answer is found, from above.
    """
    units = np.asarray(demand, np.float64)
    if units.ndim != 3 or 0 in units.shape:
        raise ValueError(f"demand has the shape (path, site, day), not {units.shape}")
    days = units.shape[2]
    if not 0 <= transfer_days <= days or not 0 < service <= 1 or within <= 0:
        raise ValueError(
            f"transfer days lie in 0…{days}, service in (0, 1], `within` above 0; not {transfer_days}, {service}, {within}"
        )
    before, after = units[:, :, : days - transfer_days].sum(2), units[:, :, days - transfer_days :].sum(2)
    spread = units.sum(2).std(0)
    share = spread / spread.sum() if spread.sum() > 0 else np.full(len(spread), 1 / len(spread))

    def enough(stock: float) -> bool:
        left = units.mean(0).sum(1) + share * stock - before
        if transfer_days < days:
            left = _even_out(left, units[:, :, days - transfer_days :].mean(0).sum(1), share)
        return bool((left >= after - 1e-9).mean() >= service - 1e-12)

    low, high = -float(units.mean(0).sum()), float(spread.sum()) + 1.0
    while not enough(high):
        low, high = high, 2 * high
    while high - low > within:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _even_out(left: Floats, to_come: Floats, share: Floats) -> Floats:
    """Stock after transfers, shape ``(path, site)``: what is to come with a share of the rest; nobody gives what it lacks."""
    keeps = np.minimum(left, 0.0)
    whole = left.sum(1)
    weight = np.where(share > 0, share, 1e-12)
    low = ((keeps - to_come) / weight).min(1)
    high = np.maximum((whole - to_come.sum()) / weight.sum(), low)
    for _ in range(60):
        middle = 0.5 * (low + high)
        over = np.maximum(keeps, to_come + weight * middle[:, None]).sum(1) > whole
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    evened: Floats = np.maximum(keeps, to_come + weight * low[:, None])
    return evened
