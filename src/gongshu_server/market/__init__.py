"""Products, prices, orders, delivery to the data plane, bills."""
