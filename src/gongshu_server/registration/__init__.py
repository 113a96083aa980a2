"""Registration of resources and products (26号): application to query code."""
