"""The customer master gives attributes and contacts; an address that is none is left empty and said."""

from __future__ import annotations

from datetime import date

from engine.readers.customers import CustomersReading, read_customers
from engine.readers.profile import Profile

HEADER = (
    "Kundennr.;Firma;Kundengruppe;Zahlungsbedingung;Land;Sprache;Kreditlimit;Natürliche Person;Kunde seit;"
    "Ansprechpartner;Rolle;E-Mail;Telefon;Straße;PLZ;Ort;Region\n"
)
DATA = (
    HEADER
    + "00012;Müller GmbH;Handel;30 Tage netto;Deutschland;de;10.000,50;nein;13.02.2019;Ida Müller;;"
    + "ida@example.com;+49 30 123456;Weg 1;10115;Berlin;Nord\n"
    + "00012;Müller GmbH;;;;;;;;Otto Müller;Owner;otto@example.com;;;;;\n"
    + "00013;Nils Ø;Privat;;NO;no;;ja;;;;nils(at)example.com;-;;;;Nord\n"
    + "00014;Rive SA;Handel;eom;France;fr;;;;;;a@example.com, b@example.com;;Rue 2;75001;Paris;\n"
)


def read(text: str, profile: Profile | None = None) -> CustomersReading:
    return read_customers("master.csv", text.encode(), profile=profile, currency="EUR")


def test_attributes_contacts_and_own_columns() -> None:
    reading = read(DATA, Profile(own={"region": "Region"}))
    assert reading.ok, reading.problems
    first = reading.customers.row(0, named=True)
    assert {
        key: first[key] for key in ("account", "name", "segment", "terms", "country", "language", "limit")
    } == {
        "account": "00012",
        "name": "Müller GmbH",
        "segment": "handel",
        "terms": "net 30",
        "country": "de",
        "language": "de",
        "limit": 1_000_050,
    }
    assert first["natural_person"] is False
    assert first["opened"] == date(2019, 2, 13)
    assert first["region"] == "Nord"
    assert reading.customers["natural_person"].to_list() == [False, True, None]
    assert reading.customers["terms"].to_list() == ["net 30", None, "eom"]
    assert reading.contacts.select("account", "role", "name", "email").rows() == [
        ("00012", "accounts payable", "Ida Müller", "ida@example.com"),
        ("00012", "principal", "Otto Müller", "otto@example.com"),
        ("00014", "accounts payable", None, None),
    ]
    assert reading.contacts.row(0, named=True)["postcode"] == "10115"


def test_an_invalid_address_is_no_address() -> None:
    assert [(str(p.place), p.sentence, p.suggestion, str(p.severity)) for p in read(DATA).problems] == [
        (
            "master.csv:4:35",
            "“nils(at)example.com” is no e-mail address; it is left empty",
            "correct it where it is kept",
            "warning",
        ),
        (
            "master.csv:5:41",
            "“a@example.com, b@example.com” is no e-mail address; it is left empty",
            "write one address a row",
            "warning",
        ),
    ]


def test_a_time_zone_that_is_none_is_left_empty() -> None:
    zones = [
        "Eastern Standard Time",
        "europe/berlin",
        "Mars/Base",
        "../../etc/passwd",
        "Asia/Kolkata",
        "Europe/Parris",
    ]
    rows = "".join(f"{number},A,{zone}\n" for number, zone in enumerate(zones))
    reading = read("Customer No,Name,Time Zone\n" + rows)
    assert reading.ok
    assert reading.customers["time_zone"].to_list() == [None, None, None, None, "Asia/Kolkata", None]
    assert [(str(p.place), p.sentence, p.suggestion, str(p.severity)) for p in reading.problems] == [
        (
            f"master.csv:{line}:5",
            f"“{zone}” is no time zone that is known; it is left empty",
            hint,
            "warning",
        )
        for line, zone, hint in (
            (2, "Eastern Standard Time", "did you mean “America/New_York”?"),
            (3, "europe/berlin", "did you mean “Europe/Berlin”?"),
            (4, "Mars/Base", "write one as in America/New_York"),
            (5, "../../etc/passwd", "write one as in America/New_York"),
            (7, "Europe/Parris", "did you mean “Europe/Paris”?"),
        )
    ]


def test_a_number_that_is_missing_or_failed_makes_no_customer() -> None:
    reading = read("Customer No,Name\n1,Acme\n,Bolt\n#N/A,Cog\n")
    assert [(str(p.place), p.sentence, p.suggestion) for p in reading.problems] == [
        ("master.csv:3:1", "“Bolt” has no customer number, others have one", "fill it in"),
        (
            "master.csv:4:1",
            "“#N/A”: a formula of a spreadsheet has failed here",
            "mend the formula, or write the number itself",
        ),
    ]
    assert read("Customer No,Name\n,Acme\n,Bolt\n").customers["account"].to_list() == ["Acme", "Bolt"]


def test_two_answers_for_one_customer_are_refused() -> None:
    reading = read("Customer No,Name,Segment\n1,A,key\n1,A,trade\n")
    assert not reading.ok
    assert reading.customers.is_empty()
    assert [problem.sentence for problem in reading.problems] == [
        "customer 1 has another segment in an earlier row: “key”"
    ]


def test_what_a_master_can_do_wrong() -> None:
    cases = {
        "Segment,Country\nkey,DE\n": "no column holds the customer",
        "Customer No,Name,Terms\n1,A,whenever\n": "the terms “whenever” are not understood",
        "Customer No,Name,Terms\n1,A,net 30 EOM\n": "“net 30 EOM” can mean",
        "Customer No,Name,Insolvent\n1,A,perhaps\n": "“perhaps” is neither yes nor no",
        "Customer No,Name,Currency\n1,A,EURO\n": "“EURO” is no currency",
        "Customer No,Name,Country\n1,A\n": "this row has 2 columns, the header 3",
        "Customer No,Name,Country\n1,A,DE": "the file ends in the middle of this row",
        "Customer No,Name,Country\n,,DE\n": "this row names no customer",
        "x,y\n1,2\n": "no row names the columns",
    }
    for text, sentence in cases.items():
        reading = read(text)
        assert not reading.ok
        assert any(problem.sentence.startswith(sentence) for problem in reading.problems), (
            text,
            reading.problems,
        )
    odd = read("Customer No,Name,Country\n1,A,Atlantis\n")
    assert odd.ok
    assert odd.problems[0].sentence == "“Atlantis” is no country that is known; it is left empty"
