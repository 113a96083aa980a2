"""The data plane: products are called here, on grants, with a record before every answer.

One ASGI application in front of everything else. A call touches no database, no ORM and no
middleware (docs/explanation/delivery.md):

    key → entitlement → decide → immutable serving file → use record on disk → answer

`application` makes it, whoever revokes advances the host's epoch, and `segments` reads the records.
"""

from gongshu_server.delivery.application import application
from gongshu_server.delivery.host import Tuning

__all__ = ["Tuning", "application"]
