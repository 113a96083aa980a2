"""The REST API: a thin door over the same actions and queries as every other door."""
