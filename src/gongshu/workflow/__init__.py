"""Procedures as frozen tables, statutory limits, and the working-day calendar behind them."""
