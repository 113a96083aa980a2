"""The market on pages: products and prices, orders, keys, bills, authorisations."""
