"""Makes goog.csv of matplotlib's sample data, and golden.csv of it: the plugin guide's formulas in pandas.

Made with matplotlib 3.11.2 and pandas 3.0.6:

    python golden.py matplotlib/mpl-data/sample_data/goog.npz
"""

import sys

import numpy as np
import pandas as pd

ROWS = 504  # two years of trading days
WINDOW = 20
PERIOD = 14


def indicators(prices: pd.Series) -> pd.DataFrame:
    delta = prices.diff()
    gain = (delta.where(delta > 0, 0)).rolling(window=PERIOD).mean()
    loss = (-delta.where(delta < 0, 0)).rolling(window=PERIOD).mean()
    mean = prices.rolling(window=WINDOW).mean()
    deviation = prices.rolling(window=WINDOW).std()
    return pd.DataFrame({
        "close_ma_20": mean,
        "close_rsi": 100 - (100 / (1 + gain / loss)),
        "close_bb_upper": mean + (2 * deviation),
        "close_bb_lower": mean - (2 * deviation),
    })


prices = pd.DataFrame(np.load(sys.argv[1])["price_data"])[["date", "close", "volume"]].tail(ROWS)
prices.to_csv("goog.csv", index=False, date_format="%Y-%m-%d")
prices = pd.read_csv("goog.csv")
indicators(prices["close"]).to_csv("golden.csv", index=False)
