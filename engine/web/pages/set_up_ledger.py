"""The first ledger: a file is brought, its columns are clicked, all that is wrong with it is told, and it is imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from starlette.datastructures import UploadFile
from starlette.responses import Response

from engine.core.sentences import set_up as said
from engine.errors import Refused, WrongFields
from engine.jobs.set_up import intake
from engine.jobs.set_up import settings as written
from engine.jobs.set_up.intake import Draft
from engine.jobs.set_up.progress import Part
from engine.readers import mapping
from engine.readers.headers import currencies, named
from engine.readers.mapping import Shown
from engine.readers.profile import DATES, KINDS, SET_ASIDE
from engine.screen.imports import lines
from engine.screen.written import count
from engine.web.pages.set_up import go_on, shown
from engine.web.visit import Bringer, SetUp, Visit

router = APIRouter()


@router.get("/set-up/ledger")
def ledger(visit: SetUp) -> Response:
    return _page(visit)


@router.post("/set-up/ledger/file")
def bring(visit: Bringer) -> Response:
    """A file is looked at, and waits; nothing is imported yet."""
    brought = visit.form.get("file")
    try:
        if not isinstance(brought, UploadFile) or not brought.filename:
            raise WrongFields({"file": "choose a file"})
        found = intake.bring(visit.ws, brought.filename, brought.file.read(), visit.person.id)
        visit.desk.brought.keep(visit.ws, *found)
    except WrongFields as error:
        return _page(visit, error)
    except Refused as error:
        return _page(visit, WrongFields({"file": f"{error.sentence}; {error.hint}".rstrip("; ")}))
    return visit.go("set-up", "ledger")


@router.post("/set-up/ledger")
def answer(visit: SetUp) -> Response:
    """What somebody says of the columns is kept; then the file is looked through, or imported."""
    draft = _draft(visit)
    try:
        draft = _answered(visit, draft)
        intake.keep(visit.ws, draft)
        if visit.typed("do") != "import":
            return visit.go("set-up", "ledger")
        visit.once()
        taken, path = intake.take_in(visit.ws, draft, visit.who)
        if taken.report is None:
            raise Refused("the file was not taken in; nothing was changed", "put right what is listed")
    except Refused as error:
        return _page(visit, error)
    visit.desk.brought.drop()
    told = [
        f"{draft.name}: {count(taken.report.rows, 'row')}.",
        *(f"{line[:1].upper()}{line[1:]}." for line, _ in lines(taken)),
    ]
    told.append(f"{path} says how such files are read.")
    told += _named(visit, draft)
    return go_on(visit, Part.LEDGER, "\n".join(told))


@router.post("/set-up/ledger/look")
def look(visit: SetUp) -> Response:
    """What is wrong with the file, by what is chosen now. It is kept as well, so that nothing clicked is lost."""
    draft = _draft(visit)
    try:
        draft = _answered(visit, draft)
        intake.keep(visit.ws, draft)
    except Refused as error:
        told = list(error.fields.values()) if isinstance(error, WrongFields) else [error.sentence]
        return visit.page("set_up_look.html", wrong_choices=told, work=None)
    return _look(visit, draft)


@router.get("/set-up/ledger/look")
def further(visit: SetUp) -> Response:
    """How far a large file has been looked through."""
    try:
        return _look(visit, _draft(visit))
    except Refused as error:  # somebody has imported it meanwhile, say
        return visit.page("set_up_look.html", wrong_choices=[error.sentence], work=None)


def _look(visit: Visit, draft: Draft) -> Response:
    return visit.page("set_up_look.html", **_looked(visit, draft))


@router.post("/set-up/ledger/drop")
def drop(visit: SetUp) -> Response:
    intake.drop(visit.ws)
    visit.desk.brought.drop()
    return visit.go("set-up", "ledger")


def _draft(visit: Visit) -> Draft:
    draft = intake.found(visit.ws)
    if draft is None:
        raise Refused(
            "the file is not here any more: it was imported, or another one was brought", "bring it again"
        )
    return draft


def _page(visit: Visit, error: Refused | None = None) -> Response:
    draft = intake.found(visit.ws)
    if draft is None:
        return shown(visit, Part.LEDGER, error, draft=None, found=None)
    try:
        seen = visit.desk.brought.seen(visit.ws, draft)
    except Refused as no:  # it is of no use to anybody: another one can be brought
        intake.drop(visit.ws)
        return _page(visit, WrongFields({"file": f"{draft.name}: {no.sentence}; {no.hint}".rstrip("; ")}))
    profile = draft.read()
    asked = error is not None or visit.typed("look") == "now"
    return shown(
        visit,
        Part.LEDGER,
        error,
        draft=draft,
        found=seen.found,
        profile=profile,
        meanings=[(one, named(one)) for one in mapping.meanings(draft.master)],
        sure=_sure(seen.found, profile.columns),
        dates={one: said.DATES[one] for one in DATES},
        decimals=said.DECIMALS,
        types=seen.types,
        kinds={one: said.KINDS[one] for one in KINDS},
        asides={one: said.SET_ASIDE[one] for one in SET_ASIDE},
        currencies=sorted(currencies()),
        house_currency=visit.ws.settings.ledger.currency or "",
        looked=_looked(visit, draft) if asked else None,
    )


def _sure(found: Shown, columns: Mapping[str, str | int]) -> set[str]:
    """The meanings that somebody, or the proposal, has said outright."""
    return {one.meaning for one in found.columns if one.meaning in columns}


def _looked(visit: Visit, draft: Draft) -> Mapping[str, Any]:
    """The whole file as it is read now, or how far that is."""
    work = visit.desk.brought.looked(visit.ws, draft, visit.now)
    drawing = Markup(work.result)  # noqa: S704 - our own template has drawn and escaped it
    return {"wrong_choices": [], "work": work, "drawing": drawing}


# -- what is said of the file ------------------------------------------------------------------------------------------


def _answered(visit: Visit, draft: Draft) -> Draft:
    """The draft with what the form says. WrongFields for what cannot be."""
    wrong: dict[str, str] = {}
    values: dict[str, Any] = {}
    for key, among in (("decimal", said.DECIMALS), ("dates", said.DATES)):
        if (chosen := visit.typed(key)) and chosen not in among:
            wrong[key] = "choose one of the list"
        values[key] = chosen
    values["currency"] = visit.typed("currency").upper()
    if values["currency"] and values["currency"] not in currencies():
        wrong["currency"] = f"“{values['currency']}” is no currency; write its three letters, as in USD"
    if not draft.master:
        values["terms"] = visit.typed("terms")
        values["set_aside"] = tuple(one for one in SET_ASIDE if one in visit.form.getlist("set_aside"))
    row = visit.typed("header")
    if row and not re.fullmatch(r"[1-9]\d{0,4}", row):
        wrong["header"] = f"“{row}” is no row; write its number"
    day = visit.typed("as_of")
    try:
        as_of = date.fromisoformat(day).isoformat() if day else ""
    except ValueError:
        wrong["as_of"], as_of = f"“{day}” is no day; write it as 2026-11-23", ""
    seen = visit.desk.brought.seen(visit.ws, draft)
    before, found = draft.read(), seen.found
    if visit.typed("sheet") in seen.sheets:
        values["sheet"] = visit.typed("sheet")
    if row and not wrong.get("header") and int(row) != found.header:
        values["header"] = int(row)
    anew = values.get("sheet", before.sheet or found.sheet) != found.sheet or "header" in values
    columns = None if anew else _columns(visit, found, draft, wrong)
    if wrong:
        raise WrongFields(wrong)
    types = {
        code: kind
        for code in seen.types
        if (kind := visit.typed(f"type.{code}", before.kinds.get(code, ""))) in ("", *KINDS)
    }
    text = mapping.with_answers(draft.text, values, columns, types)
    changed = replace(draft, text=text, as_of=as_of, profile=visit.typed("profile", draft.profile))
    try:
        changed.read()
    except Refused as error:
        field = next(
            (key for key in ("terms", "currency", "dates", "decimal") if f"“{key}" in error.sentence), "terms"
        )
        raise WrongFields({field: f"{error.sentence.partition(': ')[2]}; {error.hint}"}) from None
    return changed


def _columns(visit: Visit, found: Shown, draft: Draft, wrong: dict[str, str]) -> dict[str, str | int] | None:
    """What each column is. The same meaning twice cannot be."""
    chosen: dict[int, str] = {}
    known = mapping.meanings(draft.master)
    for one in found.columns:
        meaning = visit.typed(f"column.{one.number}", one.meaning)
        if meaning and meaning not in known:
            wrong[f"column.{one.number}"] = "choose one of the list"
        elif meaning and meaning in chosen.values():
            wrong[f"column.{one.number}"] = f"another column is the {named(meaning)} already"
        else:
            chosen[one.number] = meaning
    return mapping.columns_of(found, chosen) if found.header else None


def _named(visit: Visit, draft: Draft) -> list[str]:
    """The settings name the profile, so that the next file is read by it without being told."""
    way = ("ledger", "customers_profile" if draft.master else "profile")
    root = visit.ws.root
    try:
        written.save(
            visit.engine, root, {way: draft.profile}, written.seen(root), visit.who, fields={way: "profile"}
        )
    except Refused as error:
        return [f"dunwell.toml does not name it yet: {error.sentence}."]
    return []
