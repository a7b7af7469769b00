"""What demand may be: from daily history to means, quantiles and integer sample paths.

`prepare` a history from the demand frame, then `fit` a `Forecast` to it, or `train` once and `predict` each night.
"""

from evenstock.forecasting.drivers import Drivers
from evenstock.forecasting.fitting import days_ahead, fit, names, predict, train
from evenstock.forecasting.forecast import MAX_HORIZON, Forecast
from evenstock.forecasting.history import DemandHistory
from evenstock.forecasting.preparation import prepare
from evenstock.forecasting.trained import Trained

__all__ = [
    "MAX_HORIZON",
    "DemandHistory",
    "Drivers",
    "Forecast",
    "Trained",
    "days_ahead",
    "fit",
    "names",
    "predict",
    "prepare",
    "train",
]
