"""The account of a test: what is known of the customer, and what stands in the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.language import reading, reading_tests
from engine.core.language.condition import Value
from engine.core.language.fields import Field, Type
from engine.core.language.happenings import Happenings
from engine.core.language.policy import HOLDOUT
from engine.core.language.source import Block, Line, Listing, Node, Text, short
from engine.core.language.trials import ADDRESSES, Document, DocumentKind, TrialAccount
from engine.core.language.words import Where, names
from engine.core.money import is_currency, read_amount
from engine.core.problem import Place

_LISTS = {
    "invoices": DocumentKind.INVOICE,
    "credits": DocumentKind.CREDIT_NOTE,
    "payments": DocumentKind.PAYMENT,
}


@dataclass(frozen=True, slots=True)
class Accounts(Happenings):
    """Reads `account`, of the file and of each test. `ids` are all policies."""

    ids: tuple[str, ...]

    def account(self, line: Line, under: TrialAccount) -> TrialAccount:
        """The lines of `account` on top of another's: a list of documents replaces those of its kind."""
        known = self.facts()
        words = (*names(Where.ACCOUNT), *known)
        if isinstance(line.value, Block):
            for each in line.value.lines:
                field = self.scope.known.fields.get(each.key.value)
                if field and each.key.value not in words:
                    self.notes.error(
                        each.key.place,
                        f"“{field.name}” follows from the invoices and from what happens; it cannot be set",
                        "write the  invoices:,  or  events:  that lead to it",
                        "computed-field",
                    )
            kept = tuple(
                each
                for each in line.value.lines
                if each.key.value in words or each.key.value not in self.scope.known.fields
            )
            node: Node = Block(kept, line.value.place)
        else:
            node = line.value
        lines = reading.block(node, self.notes, "the account of a test", words, "account: {segment: trade}")
        if lines is None:
            return under
        fields, documents = dict(under.fields), list(under.documents)
        name, addresses, sides = under.name, under.addresses, under.sides
        for each in lines.lines:
            word = each.key.value
            if word in _LISTS:
                kind = _LISTS[word]
                documents = [document for document in documents if document.kind is not kind]
                documents += self._documents(each, kind)
            elif word == "name":
                text = reading.scalar(each.value, self.notes, "name: Harbor Supply")
                name = reading.word(text) if text else name
            elif word == "addresses":
                addresses = self._addresses(each)
            elif word == "side":
                sides = self._sides(each)
            else:
                value = self._value(each, known[word])
                if value is not None:
                    fields[known[word].column] = value
        documents.sort(key=lambda document: list(DocumentKind).index(document.kind))
        return TrialAccount(fields, tuple(documents), lines.place, name, addresses, sides)

    def _sides(self, line: Line) -> tuple[str, ...]:
        known = (*self.ids, HOLDOUT)
        texts = reading.texts(line.value, self.notes, "side: standard-early") or ()
        found = (reading.one_of(text, self.notes, "side", known, "unknown-policy") for text in texts)
        return tuple(side for side in found if side)

    def _value(self, line: Line, field: Field) -> Value | None:
        if field.type is Type.TAGS:
            tags = reading.texts(line.value, self.notes, field.example) or ()
            return frozenset(reading.word(tag).casefold() for tag in tags)
        text = reading.scalar(line.value, self.notes, field.example)
        if text is None:
            return None
        return self.single(field, text)

    def _addresses(self, line: Line) -> frozenset[str]:
        known = ("none", "email", *ADDRESSES)
        found: set[str] = set()
        for text in reading.texts(line.value, self.notes, "addresses: [post, phone]") or ():
            match reading.one_of(text, self.notes, "address", known, "unknown-address"):
                case "email":
                    found |= {each for each in ADDRESSES if each.startswith("email")}
                case "none" | None:
                    pass
                case address:
                    found.add(address)
        return frozenset(found)

    def _documents(self, line: Line, kind: DocumentKind) -> list[Document]:
        if not isinstance(line.value, Listing):
            self.notes.error(
                line.value.place,
                f"“{line.key.value}” is a list, one dash or brace each",
                f'write  {line.key.value}: [{{number: A1, date: 2026-01-05, amount: "1,200"}}]',
                "dashes-wanted",
            )
            return []
        read = [self._document(node, kind, n + 1) for n, node in enumerate(line.value.items)]
        seen: dict[str, Place] = {}
        for document in filter(None, read):
            if document.number in seen:
                self.notes.error(
                    document.place,
                    f"two documents have the number “{short(document.number)}”",
                    "each has its own",
                    "same-number",
                )
            seen[document.number] = document.place
        return [document for document in read if document]

    def _document(self, node: Node, kind: DocumentKind, count: int) -> Document | None:
        what = f"{'an' if kind is DocumentKind.INVOICE else 'a'} {kind.value.replace('_', ' ')}"
        lines = reading.block(
            node, self.notes, what, names(Where.DOCUMENT), "{number: A1, date: 2026-01-05, amount: 1200}"
        )
        if lines is None:
            return None
        text = {
            line.key.value: reading.scalar(line.value, self.notes, f"{line.key.value}: …")
            for line in lines.lines
        }
        for wanted, example in (("date", "date: 2026-01-05"), ("amount", "amount: 1200")):
            if wanted not in text:
                self.notes.error(
                    lines.place,
                    f"this {what.split(' ', 1)[1]} has no “{wanted}”",
                    f"write  {example}",
                    "missing-word",
                )
        currency = self._currency(text.get("currency"))
        amount = self._amount(text.get("amount"), currency)
        written = self.day(text.get("date"))
        if amount is None or written is None:
            return None
        still = self._amount(text.get("open"), amount[1])
        if still and (still[0] > amount[0] or still[1] != amount[1]):
            place = lines.get("open")
            self.notes.error(
                place.key.place if place else lines.place,
                "more is open than was written",
                "write what is left of it",
                "open",
            )
        disputed = text.get("disputed")
        flag = self.scope.known.fields["disputed"]
        number = text.get("number")
        prefix = {"invoice": "A", "credit_note": "C", "payment": "P"}.get(kind.value, "D")
        return Document(
            kind,
            reading.word(number) if number else f"{prefix}{count}",
            written,
            amount[0],
            still[0] if still else amount[0],
            amount[1],
            lines.place,
            self.day(text.get("due")),
            self.day(text.get("statement")),
            bool(reading_tests.read_word(flag, disputed, self.notes)) if disputed else False,
        )

    def _currency(self, text: Text | None) -> str:
        if text is None:
            return self.scope.currency
        code = reading.word(text).upper()
        if not is_currency(code):
            self.notes.error(
                text.place,
                f"there is no currency “{short(text.value)}”",
                "write its code, like  EUR",
                "unknown-currency",
            )
        return code

    def _amount(self, text: Text | None, currency: str) -> tuple[int, str] | None:
        """Minor units and their currency, which need not be the house's."""
        if text is None:
            return None
        try:
            amount = read_amount(reading.word(text), currency)
            if amount.value <= 0:
                raise ValueError("an amount here is more than 0")
            return amount.minor, amount.currency
        except ValueError as error:
            self.notes.error(text.place, str(error), 'write  amount: 1200  or  amount: "1,200"', "amount")
            return None
