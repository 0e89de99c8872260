"""Parsing one piece of a message, and reading text, money and times out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from lxml import etree

from pipeline.ingest.currencies import ISO_4217

_PREFIX = re.compile(rb"[<\s/]([A-Za-z_][\w.\-]*):[A-Za-z_]")
_OFFSET = re.compile(r"^(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d)?$")
_NUMBER = re.compile(r"^\d{1,18}(?:\.\d{0,17})?$|^\.\d{1,17}$")
# An amount has at most 18 digits (ISO 20022); the default context would round what is longer.
_EXACT = Context(prec=60)
_PLACEHOLDERS = frozenset({"notprovided", "not provided", "n/a", "na", "unknown", "none"})


class Unreadable(Exception):
    """A record or head cannot be used; the message says what was required and what was found."""


@lru_cache(maxsize=8)
def _parser(encoding: str) -> etree.XMLParser:
    # Pieces never hold a DOCTYPE; were there one, entities would stay unexpanded and nothing would be fetched.
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=False,
    )


class Element:
    """One element under its local name, blanks in its text collapsed.

    A record is turned into these once; some sixty look-ups by path then cost a tenth of what they cost in the parser's
    own tree.

    Attributes
    ----------
    tag
        Local name.
    value
        Text; "" where there is none, and in elements that hold others.
    currency
        Attribute `Ccy` of an amount, "" elsewhere.
    """

    __slots__ = ("_children", "currency", "tag", "value")

    def __init__(self, parsed: etree._Element) -> None:
        tag = parsed.tag
        self.tag = tag.rpartition("}")[2] if "}" in tag else tag
        children: dict[str, list[Element]] = {}
        for child in parsed:
            # Entities that are not expanded have no name.
            if isinstance(child.tag, str):
                made = Element(child)
                if made.tag in children:
                    children[made.tag].append(made)
                else:
                    children[made.tag] = [made]
        self._children = children
        self.value = "" if children else " ".join((parsed.text or "").split())
        self.currency = "" if children else (parsed.get("Ccy") or "").strip()

    def all(self, path: str) -> Iterator[Element]:
        """Yield the elements at `path`, in document order."""
        return self._under(_tags(path), 0)

    def find(self, path: str) -> Element | None:
        """Return the first element at `path`; None where there is none."""
        element = self
        for tag in _tags(path):
            found = element._children.get(tag)
            if found is None:
                return None
            if len(found) > 1:
                # The first of several may lack what a later one has.
                return next(self._under(_tags(path), 0), None)
            element = found[0]
        return element

    def first(self) -> Element | None:
        """Return the first element inside."""
        return next((children[0] for children in self._children.values()), None)

    def _under(self, tags: tuple[str, ...], depth: int) -> Iterator[Element]:
        found = self._children.get(tags[depth])
        if found is None:
            return
        if depth + 1 == len(tags):
            yield from found
        else:
            for child in found:
                yield from child._under(tags, depth + 1)


@lru_cache(maxsize=4096)
def _tags(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))


def parse(raw: bytes, encoding: str) -> Element:
    """Return an element that holds the elements of `raw`.

    Raises
    ------
    Unreadable
        `raw` is not well-formed XML.
    """
    # Prefixes are declared at the top of the file, outside this piece.
    prefixes = sorted(set(_PREFIX.findall(raw)) - {b"xml", b"xmlns"}) if b":" in raw else []
    declared = b"".join(b' xmlns:%s="urn:%s"' % (prefix, prefix) for prefix in prefixes)
    try:
        root = etree.fromstring(b"<piece" + declared + b">" + raw + b"</piece>", _parser(encoding))
    except (etree.XMLSyntaxError, LookupError, ValueError) as error:
        raise Unreadable(f"expected well-formed XML; {_without_place(str(error))}") from error
    return Element(root)


def parse_one(raw: bytes, encoding: str) -> Element:
    """Return the one element that `raw` is.

    Raises
    ------
    Unreadable
        `raw` is not well-formed XML, or holds no element.
    """
    found = parse(raw, encoding).first()
    if found is None:
        raise Unreadable("expected an element; found none")
    return found


def _without_place(message: str) -> str:
    # The place inside the piece says nothing to somebody who has the file.
    return re.sub(r",? ?(?:line|column) \d+|\(<string>\)", "", message).strip(" ,")


def text(element: Element | None, path: str) -> str | None:
    """Return the text at `path`; null where there is none."""
    found = element.find(path) if element is not None else None
    return (found.value or None) if found is not None else None


def texts(element: Element, path: str) -> Iterator[str]:
    """Yield all texts at `path` that say something."""
    return (found.value for found in element.all(path) if found.value)


def first_text(element: Element | None, *paths: str) -> str | None:
    """Return the first text that is there."""
    return next((found for path in paths if (found := text(element, path))), None)


def real(value: str | None) -> str | None:
    """Return a name or reference, null where it only says that there is none ("NOTPROVIDED")."""
    return None if value is None or value.casefold() in _PLACEHOLDERS else value


def money(element: Element | None) -> tuple[int, int, str] | None:
    """Return minor units, exponent and currency of an amount element; null where there is no element.

    The exponent is that of ISO 4217, or larger where the amount has more decimals than that.

    Raises
    ------
    Unreadable
        No number, or a currency that is not in ISO 4217.
    """
    if element is None:
        return None
    written, currency = element.value, element.currency
    if currency not in ISO_4217:
        raise Unreadable(f"{element.tag} must have a currency of ISO 4217; found {currency[:10] or 'nothing'!r}")
    if not _NUMBER.match(written):
        raise Unreadable(f"{element.tag} must be a number without sign; found {written[:40] or 'nothing'!r}")
    value = _EXACT.normalize(Decimal(written))
    decimals = -int(value.as_tuple().exponent)
    exponent = max(ISO_4217[currency] or 0, decimals, 0)
    return int(_EXACT.scaleb(value, exponent)), exponent, currency


def moment(written: str | None, zone: ZoneInfo) -> datetime | None:
    """Return a date-time in UTC; null where there is none or it is not one. Without an offset it is of `zone`.

    Of an hour that came twice the first is taken; one that never came is null.
    """
    if written is None or "T" not in written:
        return None
    try:
        time = datetime.fromisoformat(written)
    except ValueError:
        return None
    if time.tzinfo is None:
        local = time.replace(tzinfo=zone)
        if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != time:
            return None
        time = local
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return None


def day(written: str | None) -> date | None:
    """Return a calendar day; null where there is none or it is not one. An offset on a day is dropped."""
    found = _OFFSET.match(written) if written else None
    if found is None:
        return None
    try:
        return date.fromisoformat(found[1])
    except ValueError:
        return None


def midnight(of: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of a day in `zone`, in UTC."""
    return datetime(of.year, of.month, of.day, tzinfo=zone).astimezone(UTC)
