"""What a trained forecaster looks at, by name."""

from __future__ import annotations

from evenstock import registry
from evenstock.forecasting import models
from evenstock.forecasting.trained import Trained


def feature_names(trained: Trained) -> tuple[str, ...]:
    """Names of its features as its member of the family tells them (`features(learned)`); nothing where it has none."""
    tell = getattr(registry.members(models.__name__)[trained.model], "features", None)
    return tuple(tell(trained.learned)) if callable(tell) else ()
