"""The city of the integration tests, in a database that two connections can see."""

from integration.conftest import city, recorded_cast

__all__ = ["city", "recorded_cast"]
