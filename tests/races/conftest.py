"""The city and the ledger of the integration tests, in a database that two connections can see."""

from integration.conftest import city, home, recorded_cast

__all__ = ["city", "home", "recorded_cast"]
