"""The city and the ledger of the integration tests, in a database that two connections can see."""

from integration.conftest import city, recorded_cast
from integration.journal.conftest import home

__all__ = ["city", "home", "recorded_cast"]
