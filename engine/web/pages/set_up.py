"""Set-up: from an empty folder to the first week, a part after another; and later the same pages, to change what they say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import holidays
from babel import Locale
from fastapi import APIRouter
from starlette.responses import Response

from engine.core.sentences import set_up as said
from engine.core.workdays import WEEKENDS_ONLY, is_calendar
from engine.errors import Refused, WrongFields
from engine.jobs import edits
from engine.jobs.edits import NotGood
from engine.jobs.set_up import calendar as house_calendar
from engine.jobs.set_up import company as company_form
from engine.jobs.set_up import mail as mail_form
from engine.jobs.set_up import settings as written
from engine.jobs.set_up.mail import PASSWORD, Step
from engine.jobs.set_up.progress import Done, Part, progress
from engine.readers.headers import currencies
from engine.settings.shape import PREFIX
from engine.start import chosen
from engine.start.settings import MADE_UP
from engine.web.visit import SetUp, Visit

router = APIRouter()


def done(visit: Visit) -> list[Done]:
    with visit.reading() as conn:
        return progress(conn, visit.ws, visit.desk.files, MADE_UP)


def shown(visit: Visit, part: Part, error: Refused | None = None, **values: Any) -> Response:
    """A part's page: where one stands, and what comes after it."""
    parts = done(visit)
    told = dict(visit.could_not(error)) if error else {}
    if isinstance(error, WrongFields):
        told |= {"refused": None}
    places = [one.part for one in parts]
    after = places.index(part) + 1
    return visit.page(
        f"set_up_{part.value}.html",
        parts=parts,
        part=part,
        words=said.PARTS,
        run=f"{visit.desk.files.settings.daemon.run:%H:%M}",
        next=places[after] if after < len(places) else None,
        **(values | told),
    )


def go_on(visit: Visit, part: Part, told: str) -> Response:
    """Back to a part, or on to the next, as the button that was pressed says."""
    visit.desk.look()
    order = list(Part)
    to = order[order.index(part) + 1] if visit.typed("then") == "next" else part
    return visit.go("set-up", to.value, said=told)


@router.get("/set-up")
def overview(visit: SetUp) -> Response:
    parts = done(visit)
    to = next((one.part for one in parts if not one.done), Part.WEEK)
    return visit.page(
        "set_up.html", parts=parts, part=None, words=said.PARTS, to=to, begun=any(p.done for p in parts)
    )


# -- who you are -------------------------------------------------------------------------------------------------------


@router.get("/set-up/company")
def company(visit: SetUp) -> Response:
    return _company(visit)


@router.post("/set-up/company")
def keep_company(visit: SetUp) -> Response:
    settings = visit.desk.files.settings
    typed = _typed(visit, company_form.FIELDS.values())
    typed["currency"] = typed["currency"].upper()
    wrong = company_form.missing(typed)
    if typed["currency"] and typed["currency"] not in currencies():
        wrong["currency"] = f"“{typed['currency']}” is no currency; write its three letters, as in USD"
    try:
        values = company_form.values(typed, company_form.known(settings))
        try:
            _save(visit, values, company_form.FIELDS)
        except WrongFields as error:
            raise WrongFields({**error.fields, **wrong}) from None
        if wrong:
            raise WrongFields(wrong)
    except Refused as error:
        return _company(visit, error)
    return go_on(visit, Part.COMPANY, "Kept in dunwell.toml." if values else "")


def _company(visit: Visit, error: Refused | None = None) -> Response:
    settings = visit.desk.files.settings
    return shown(
        visit,
        Part.COMPANY,
        error,
        known=company_form.known(settings),
        made_up=settings.company.name == MADE_UP,
        seen=written.seen(visit.ws.root),
        zones=_zones(),
        currencies=sorted(currencies()),
    )


# -- mail --------------------------------------------------------------------------------------------------------------


@router.get("/set-up/mail")
def mail(visit: SetUp) -> Response:
    return _mail(visit)


@router.post("/set-up/mail")
def keep_mail(visit: SetUp) -> Response:
    settings = visit.desk.files.settings
    typed = _typed(visit, (*mail_form.FIELDS.values(), "password"))
    password = str(visit.form.get("password", "")).strip("\r\n")
    values = mail_form.values(typed, mail_form.known(settings))
    secret = None
    if password:
        name = settings.mail.password_file or PASSWORD
        secret = (name, password)
        if name != settings.mail.password_file:
            values[("mail", "password_file")] = name
    try:
        if typed["user"] and not secret and settings.mail.password is None:
            raise WrongFields({"password": "whoever logs in needs a password"})
        _save(visit, values, mail_form.FIELDS, secret)
    except Refused as error:
        return _mail(visit, error)
    return go_on(visit, Part.MAIL, "Kept in dunwell.toml." if values or secret else "")


@router.post("/set-up/mail/test")
def test_mail(visit: SetUp) -> Response:
    visit.once()
    try:
        if not (to := visit.typed("to")):
            raise WrongFields({"to": "say where it goes"})
        return _mail(visit, steps=mail_form.test(visit.desk.files, to, visit.now), to=to)
    except Refused as error:
        wrong = error if isinstance(error, WrongFields) else WrongFields({"to": error.sentence})
        return _mail(visit, wrong, to=visit.typed("to"))


def _mail(
    visit: Visit, error: Refused | None = None, steps: list[Step] | None = None, to: str = ""
) -> Response:
    settings = visit.desk.files.settings
    ours = settings.mail
    return shown(
        visit,
        Part.MAIL,
        error,
        known=mail_form.known(settings),
        sender=ours.from_ or settings.company.email or "",
        seen=written.seen(visit.ws.root),
        tls=said.TLS,
        has_password=ours.password is not None,
        from_environment=ours.password is not None and not ours.password_file,
        variable=f"{PREFIX}MAIL__PASSWORD",
        ready=bool(ours.host),
        steps=steps,
        to=to or visit.person.email,
    )


# -- the calendar ------------------------------------------------------------------------------------------------------


@router.get("/set-up/calendar")
def calendar(visit: SetUp) -> Response:
    return _calendar(visit)


@router.post("/set-up/calendar")
def keep_calendar(visit: SetUp) -> Response:
    files = visit.desk.files
    found = house_calendar.house(files, chosen.house())
    typed = {"calendar": _name(visit), "hours": visit.typed("hours")}
    try:
        text = house_calendar.changed(found, typed)
        if text != found.text or not found.there:
            seen = {found.name: visit.typed("seen")} if found.there else {}
            told = edits.save(visit.engine, files, {found.name: text}, seen, visit.person.id, visit.now)
            if files.book is None:
                told = [f"Kept in {found.name}."]
        else:
            told = []
    except NotGood as error:
        lines = [one.sentence + (f"; {one.suggestion}" if one.suggestion else "") for one in error.problems]
        about = {"hours" if one.code == "hours" else "calendar" for one in error.problems}
        return _calendar(visit, WrongFields(dict.fromkeys(about, "; ".join(lines))))
    except Refused as error:
        return _calendar(visit, error)
    return go_on(visit, Part.CALENDAR, " ".join(told))


@router.get("/set-up/calendar/closed")
def closed(visit: SetUp) -> Response:
    """What a choice would close: it is looked at before it is kept."""
    return visit.page("set_up_closed.html", **_closed(visit, _name(visit)))


def _calendar(visit: Visit, error: Refused | None = None) -> Response:
    files = visit.desk.files
    found = house_calendar.house(files, chosen.house())
    says = {word: found.says(word) or default for word, default in house_calendar.DEFAULT.items()}
    name = _name(visit) if "country" in visit.form else says["calendar"]
    return shown(
        visit,
        Part.CALENDAR,
        error,
        hours=says["hours"],
        seen=edits.kept(files, found.name).hash if found.there else "",
        house=found.name,
        countries=_countries(),
        **_closed(visit, name),
    )


def _closed(visit: Visit, name: str) -> Mapping[str, Any]:
    country, _, region = name.partition("-")
    parts = holidays.list_supported_countries().get(country, [])
    good = is_calendar(name)
    return {
        "country": country,
        "region": region if good else "",
        "regions": parts,
        "closed": house_calendar.closed(name if good else country, visit.today),
    }


def _name(visit: Visit) -> str:
    country, region = visit.typed("country"), visit.typed("region")
    parts = holidays.list_supported_countries().get(country, [])
    return f"{country}-{region}" if region in parts else country


@cache
def _countries() -> list[tuple[str, str]]:
    names = Locale("en").territories
    found = [(names.get(code, code), code) for code in holidays.list_supported_countries()]
    return [(WEEKENDS_ONLY, "No holidays, weekends only"), *((code, name) for name, code in sorted(found))]


@cache
def _zones() -> list[str]:
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))


def _typed(visit: Visit, fields: Any) -> dict[str, str]:
    """With lines as a file has them, not as the web does."""
    return {field: visit.typed(field).replace("\r\n", "\n") for field in fields}


def _save(
    visit: Visit, values: Any, fields: Mapping[tuple[str, ...], str], secret: tuple[str, str] | None = None
) -> None:
    root = visit.ws.root
    written.save(visit.engine, root, values, visit.typed("seen"), visit.who, fields=fields, secret=secret)
