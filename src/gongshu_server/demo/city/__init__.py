"""The demo city 临澜市: files as its eight departments send them, made from a seed.

The city, its districts, firms and people are invented. Its division codes 139901–139908 are not
assigned in GB/T 2260, so none of its identifiers, however valid its check character, belongs to
anybody; mobile numbers use the range 1540…, which no carrier has been given.
"""

from gongshu_server.demo.city.build import build
from gongshu_server.demo.city.model import (
    DEPARTMENTS,
    City,
    Department,
    Examples,
    Planted,
    SentFile,
    Subject,
)

__all__ = [
    "DEPARTMENTS",
    "City",
    "Department",
    "Examples",
    "Planted",
    "SentFile",
    "Subject",
    "build",
]
