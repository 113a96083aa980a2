"""Who lives and works in the city: firms with valid codes, residents with valid numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from gongshu.vocabulary.identifiers import (
    USCC_ALPHABET,
    citizen_id_check_character,
    luhn_check_digit,
    organisation_code_check_character,
    uscc_check_character,
)
from gongshu_server.demo.city.names import (
    DISTRICTS,
    INDUSTRIES,
    enterprise_names,
    person_names,
)

ENTERPRISES: Final = 21_000
RESIDENTS: Final = 52_000
_STATES: Final = ("存续（在营、开业、在册）", "注销", "吊销，未注销")


@dataclass(frozen=True, slots=True)
class Enterprises:
    """Parallel columns over all firms; `district` and `industry` index the lists of `names`."""

    uscc: list[str]
    name: list[str]
    district: np.ndarray
    industry: np.ndarray
    founded: np.ndarray
    capital: np.ndarray
    state: list[str]

    def district_names(self, rows: np.ndarray) -> list[str]:
        """Name the districts of the firms `rows`."""
        return [DISTRICTS[d][1] for d in self.district[rows].tolist()]

    def needing_licence(self) -> np.ndarray:
        """Find the firms whose line of business needs a work-safety licence."""
        return np.flatnonzero(np.array([i[3] for i in INDUSTRIES])[self.industry])


@dataclass(frozen=True, slots=True)
class Residents:
    """Parallel columns over all residents."""

    id: list[str]
    name: list[str]
    mobile: list[str]


def stream(seed: int, purpose: int) -> np.random.Generator:
    """Open one random stream per purpose, so that a new file changes no older one."""
    return np.random.Generator(np.random.PCG64([seed, purpose]))


def draw_days(rng: np.random.Generator, count: int, first: date, last: date) -> np.ndarray:
    """Draw `count` days from `first` to `last`, both included, as datetime64[D]."""
    span = (last - first).days + 1
    return np.datetime64(first, "D") + rng.integers(0, span, count).astype("timedelta64[D]")


def found_enterprises(rng: np.random.Generator, count: int, as_of: date) -> Enterprises:
    """Make `count` firms, every one with its own valid code and its own name."""
    district = rng.choice(len(DISTRICTS), count, p=[d[2] for d in DISTRICTS])
    industry = rng.choice(len(INDUSTRIES), count, p=[i[1] for i in INDUSTRIES])
    founded = draw_days(rng, count, date(1999, 1, 4), as_of)
    since_2015 = (founded >= np.datetime64("2015-10-01")).tolist()
    offset = int(rng.integers(0, 10**6))
    uscc = [
        _uscc(number + offset, DISTRICTS[d][0], newer)
        for number, (d, newer) in enumerate(zip(district.tolist(), since_2015, strict=True))
    ]
    capital = np.round(np.exp(rng.normal(5.6, 1.4, count)), 2) + 3
    state = rng.choice(3, count, p=(0.92, 0.05, 0.03)).tolist()
    return Enterprises(
        uscc=uscc,
        name=enterprise_names(rng, industry),
        district=district,
        industry=industry,
        founded=founded,
        capital=capital,
        state=[_STATES[s] for s in state],
    )


def _uscc(number: int, division: str, newer: bool) -> str:
    """Compose a valid code; each `number` gives its own organisation code.

    Firms founded since the one-code reform of October 2015 have codes that begin with MA.
    """
    scrambled = number * 7_368_787 + 5_011
    if newer:
        body = "MA"
        for _ in range(6):
            scrambled, digit = divmod(scrambled, 31)
            body += USCC_ALPHABET[digit]
    else:
        body = f"{scrambled % 10**8:08d}"
    first17 = f"91{division}{body}{organisation_code_check_character(body)}"
    return first17 + uscc_check_character(first17)


def unregistered_uscc(enterprises: Enterprises) -> str:
    """Compose a valid code that no firm of the city has."""
    taken = set(enterprises.uscc)
    number = len(enterprises.uscc) + 10**7
    while (code := _uscc(number, DISTRICTS[0][0], True)) in taken:
        number += 1
    return code


def settle_residents(rng: np.random.Generator, count: int, as_of: date) -> Residents:
    """Make `count` residents, every one with an own valid citizen number."""
    shares = [d[2] for d in DISTRICTS]
    codes = np.array([int(d[0]) for d in DISTRICTS])
    areas = codes[rng.choice(len(DISTRICTS), count, p=shares)]
    ages = np.minimum(rng.gamma(4.2, 10.5, count), 99.0)
    births = np.datetime64(as_of, "D") - (ages * 365.2425).astype("timedelta64[D]")
    compact = np.char.replace(births.astype("U10"), "-", "").astype(np.int64)
    first14 = areas * 10**8 + compact
    sequence = rng.integers(1, 1000, count)
    while len(clashes := _repeated(first14 * 1000 + sequence)):
        sequence[clashes] = rng.integers(1, 1000, len(clashes))
    first17 = (first14 * 1000 + sequence).astype("U17").tolist()
    mobiles = (15_400_000_000 + rng.integers(0, 10**7, count)).astype("U11").tolist()
    return Residents(
        id=[number + citizen_id_check_character(number) for number in first17],
        name=person_names(rng, count),
        mobile=mobiles,
    )


def _repeated(values: np.ndarray) -> np.ndarray:
    """Find the positions of values that stood earlier already."""
    _, first = np.unique(values, return_index=True)
    return np.setdiff1d(np.arange(len(values)), first)


def bank_cards(rng: np.random.Generator, count: int) -> list[str]:
    """Make `count` card numbers of 19 digits that pass the Luhn test."""
    bodies = [f"621399{n:012d}" for n in rng.integers(0, 10**12, count).tolist()]
    return [body + luhn_check_digit(body) for body in bodies]
