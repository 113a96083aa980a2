"""Builds the city: population, the cast of the story, tables, dirt, files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from gongshu_server.demo.city import enterprise_tables as firms_know
from gongshu_server.demo.city import other_tables as others_know
from gongshu_server.demo.city.dirt import plant
from gongshu_server.demo.city.enterprise_tables import Cast, Table, last_day
from gongshu_server.demo.city.model import City, Examples, SentFile, Subject
from gongshu_server.demo.city.names import CITY, DISTRICTS
from gongshu_server.demo.city.population import (
    ENTERPRISES,
    RESIDENTS,
    Enterprises,
    Residents,
    found_enterprises,
    settle_residents,
    stream,
    unregistered_uscc,
)
from gongshu_server.demo.city.sendings import SENDINGS, Sending
from gongshu_server.demo.city.writing import write_csv, write_xls, write_xlsx

_HOURS_OF_A_YEAR: Final = 365 * 24


def build(folder: Path, *, seed: int, scale: float = 1.0, as_of: date) -> City:
    """Write the city's files under `folder` and describe them.

    The same (seed, scale, as_of) gives the same bytes. `scale` 1.0 gives 21,000 firms and 52,000
    residents; nothing in a file is dated after `as_of` but the last days of permits.
    """
    firms = found_enterprises(stream(seed, 1), max(200, round(ENTERPRISES * scale)), as_of)
    people = settle_residents(stream(seed, 2), max(200, round(RESIDENTS * scale)), as_of)
    cast = _cast(firms, as_of)
    order = Order(seed, scale, as_of)
    tables, corrected = _tables(order, firms, people, cast)
    folder.mkdir(parents=True, exist_ok=True)
    files = tuple(
        _send(folder, sending, tables[sending.key], stream(seed, 100 + place))
        for place, sending in enumerate(SENDINGS)
    )
    return City(
        name=CITY,
        seed=seed,
        scale=scale,
        as_of=as_of,
        districts=tuple((code, name) for code, name, _ in DISTRICTS),
        files=files,
        corrected_licences=_send_correction(folder, corrected, seed),
        examples=_examples(firms, people, cast),
        uscc=tuple(firms.uscc),
        resident_ids=tuple(people.id),
    )


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for."""

    seed: int
    scale: float
    as_of: date


def _cast(firms: Enterprises, as_of: date) -> Cast:
    """Choose older firms that are in business and need a licence, in the two large districts.

    Two years of story fit on both sides of `as_of`, whichever end of the story that is.
    """
    fit = firms.needing_licence()
    fit = fit[firms.district[fit] < 2]
    fit = fit[firms.founded[fit] < np.datetime64(as_of - timedelta(days=2000))]
    chosen = [f for f in fit.tolist() if firms.state[f].startswith("存续")]
    licensed, expired, unlicensed, objector, many_spellings = chosen[:5]
    ages = {licensed: 400, expired: 1700, objector: 500, many_spellings: 300}
    return Cast(
        licensed=licensed,
        expired=expired,
        unlicensed=unlicensed,
        objector=objector,
        many_spellings=many_spellings,
        first_days={firm: as_of - timedelta(days=age) for firm, age in ages.items()},
    )


def _tables(
    order: Order, firms: Enterprises, people: Residents, cast: Cast
) -> tuple[dict[str, Table], Table]:
    """Make every table, and the licence table as the emergency bureau will correct it."""
    seed, as_of = order.seed, order.as_of
    licences, holders = firms_know.licences(stream(seed, 10), firms, cast, as_of)
    tables = {
        "enterprises": firms_know.registrations(firms, cast),
        "inspections": firms_know.inspections(stream(seed, 11), firms, cast, holders, as_of),
        "hazardous_chemicals": firms_know.chemicals(stream(seed, 12), firms, cast, holders, as_of),
        "tax_arrears": firms_know.arrears(stream(seed, 13), firms, cast, as_of),
        "insured_staff": firms_know.insured_staff(stream(seed, 14), firms, cast),
        "outpatient_visits": others_know.visits(stream(seed, 15), people, 0, as_of),
        "reservoir_levels": others_know.reservoir_levels(
            stream(seed, 16), max(24, round(_HOURS_OF_A_YEAR * order.scale)), as_of
        ),
        "reimbursements": others_know.reimbursements(stream(seed, 17), people, 0, as_of),
        "institutions": others_know.institutions(stream(seed, 18), firms, cast),
        "permits": firms_know.permits(stream(seed, 19), firms, cast, as_of),
    }
    wrong, corrected = _with_mistake(
        licences, firms.uscc[cast.objector], cast.first_days[cast.objector]
    )
    return tables | {"safety_licences": wrong}, corrected


def _with_mistake(right: Table, uscc: str, first: date) -> tuple[Table, Table]:
    """Return the licences with the objector's last day mistyped, and as they should be.

    The clerk typed the year of issue where the year of expiry belongs.
    """
    code, until = right.items.index("统一社会信用代码"), right.items.index("有效期止")
    rows = [list(row) for row in right.rows]
    for row in rows:
        if row[code] == uscc:
            row[until] = first - timedelta(days=1)
    return replace(right, rows=rows), right


def _send(folder: Path, sending: Sending, table: Table, rng: np.random.Generator) -> SentFile:
    """Plant the dirt and write the file."""
    rows, planted = plant(rng, table.items, table.rows, sending.recipe, spared=table.spared)
    path = folder / sending.file_name
    if sending.container == "xls":
        write_xls(path, table.items, rows)
    elif sending.container == "xlsx":
        write_xlsx(path, table.items, rows, titles=sending.titles)
    else:
        encoding = sending.encoding or "utf-8"
        write_csv(path, table.items, rows, titles=sending.titles, encoding=encoding)
    return SentFile(
        key=sending.key,
        path=path,
        department=sending.department,
        title=sending.title,
        about=sending.about,
        items=table.items,
        rows=len(rows),
        encoding=sending.encoding,
        container=sending.container,
        subject=sending.subject,
        id_item=sending.id_item,
        name_item=sending.name_item,
        planted=replace(
            planted,
            title_rows=len(sending.titles),
            respelled_ids=planted.respelled_ids + table.respelled,
        ),
    )


def _send_correction(folder: Path, corrected: Table, seed: int) -> SentFile:
    """Write the licences again, with the same dirt and the one row put right."""
    place, sending = next((p, s) for p, s in enumerate(SENDINGS) if s.key == "safety_licences")
    again = folder / "更正"
    again.mkdir(exist_ok=True)
    return _send(again, sending, corrected, stream(seed, 100 + place))


def _examples(firms: Enterprises, people: Residents, cast: Cast) -> Examples:
    """Name the subjects of the story as they stand in the files."""

    first = cast.first_days

    def firm(index: int) -> Subject:
        until = last_day(first[index]) if index in first else None
        return Subject(firms.uscc[index], firms.name[index], until)

    objector = firm(cast.objector)
    return Examples(
        licensed=firm(cast.licensed),
        expired=firm(cast.expired),
        unlicensed=firm(cast.unlicensed),
        unknown=Subject(unregistered_uscc(firms), "临澜无此企业有限公司"),
        objector=replace(objector, valid_until=first[cast.objector] - timedelta(days=1)),
        objector_true_until=last_day(first[cast.objector]),
        many_spellings=firm(cast.many_spellings),
        patient_of_many_spellings=Subject(people.id[0], people.name[0]),
    )
