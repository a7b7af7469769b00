"""Count distributions: the negative binomial, its quantiles for whole tables of series, and sample paths."""

from evenstock.distributions.paths import MAX_DAILY_MEAN, key_hashes, sample_paths
from evenstock.distributions.quantiles import quantile_grid

__all__ = ["MAX_DAILY_MEAN", "key_hashes", "quantile_grid", "sample_paths"]
