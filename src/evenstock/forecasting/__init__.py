"""What demand may be: from daily history to means, quantiles and integer sample paths.

`prepare` a history from the demand frame, `fit` a `Forecast` to it.
"""

from evenstock.forecasting.fitting import fit, names, predict
from evenstock.forecasting.forecast import MAX_HORIZON, Forecast
from evenstock.forecasting.history import DemandHistory
from evenstock.forecasting.preparation import prepare

__all__ = ["MAX_HORIZON", "DemandHistory", "Forecast", "fit", "names", "predict", "prepare"]
