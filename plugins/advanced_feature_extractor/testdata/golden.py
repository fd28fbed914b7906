"""Makes golden.csv: the features of the closing prices of GOOG, with pandas and numpy.

Made with pandas 3.0.6 from the prices that technical_indicator_features has:

    python golden.py ../../technical_indicator_features/testdata/goog.csv
"""

import sys

import numpy as np
import pandas as pd

WINDOW = 30
SEASON = 5  # trading days of a week
LAG = 2

prices = pd.read_csv(sys.argv[1], parse_dates=["date"])
close = prices["close"]
windows = close.rolling(WINDOW)


def slope(window: np.ndarray) -> float:
    return np.polyfit(np.arange(WINDOW), window, 1)[0]


place = np.arange(len(close)) % SEASON
earlier = close.groupby(place).transform(lambda values: values.expanding().mean().shift())
golden = pd.DataFrame({
    f"close_mean_{WINDOW}": windows.mean(),
    f"close_std_{WINDOW}": windows.std(),
    f"close_min_{WINDOW}": windows.min(),
    f"close_max_{WINDOW}": windows.max(),
    f"close_median_{WINDOW}": windows.median(),
    # Not windows.skew() and windows.kurt(), whose running sums are good for fewer digits.
    f"close_skew_{WINDOW}": windows.apply(pd.Series.skew),
    f"close_kurtosis_{WINDOW}": windows.apply(pd.Series.kurt),
    f"close_trend_{WINDOW}": windows.apply(slope, raw=True),
    f"close_seasonality_{SEASON}": close - earlier,
    f"close_lag_{LAG}": close.shift(LAG),
    f"close_change_{LAG}": close.pct_change(LAG),
    "date_day_of_week": prices["date"].dt.dayofweek,
    "date_month": prices["date"].dt.month,
})
golden.to_csv("golden.csv", index=False)
