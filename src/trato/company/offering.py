"""The offer of a company folder as the guide needs it: read from its files, with every fault at its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato import declared, shapes
from trato.company.settings import USUAL_OFFER
from trato.customize.guide.questions import questions_in, unknown_in
from trato.errors import BadInput
from trato.offer.faults import Faults
from trato.offer.reading import read_with

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from trato.company.settings import Guiding
    from trato.customize.guide.questions import PlainQuestion
    from trato.declared import Declared, Reader
    from trato.offer.offer import Offer
    from trato.permission.purposes import Purpose

    Tell = Callable[[str, int | None, str, str | None], None]


def read_offering(
    folder: Path,
    guiding: Guiding,
    usual: Offer | None,
    purposes: Mapping[str, Purpose],
    written: Declared | None,
    tell: Tell,
) -> tuple[Offer | None, tuple[PlainQuestion, ...]]:
    """The offer and the questions that company.yaml names.

    `usual` is what offer.yaml declares, `written` where company.yaml says it; `tell` takes each fault: file,
    line, message and hint.
    """
    at = written.members if written is not None and written.kind == "mapping" else {}
    here = str(folder / "company.yaml")

    def line(key: str) -> int | None:
        return at[key].line if key in at else None

    offer = usual
    if guiding.file != USUAL_OFFER:
        offer = _another(folder / guiding.file, here, line("file"), tell)
    elif written is not None and not (folder / USUAL_OFFER).exists():
        tell(here, written.line, f"there is no {USUAL_OFFER}", "write one, or say which file holds the offer")
    questions = (
        _questions(folder / guiding.questions, offer, here, line("questions"), tell)
        if guiding.questions
        else ()
    )
    if guiding.sold and not (folder / guiding.sold).is_file():
        tell(here, line("sold"), f"there is no file {guiding.sold}", "it has a column for each component")
    if guiding.purpose:
        wrong = declared.Reader([])
        shapes.known(wrong, at["purpose"], guiding.purpose, purposes, "purpose")
        for one in wrong.complaints:
            tell(here, one.line, one.message, one.hint)
    return offer, questions


def _another(path: Path, here: str, line: int | None, tell: Tell) -> Offer | None:
    faults = Faults()
    try:
        offer = read_with(path, faults)
    except BadInput as error:
        tell(here, line, f"{path.name}: {error.message}", error.hint)
        return None
    for fault in faults.ordered():
        tell(fault.place.file, fault.place.line or None, fault.message, fault.hint or None)
    return None if faults else offer


def _questions(
    path: Path, offer: Offer | None, here: str, line: int | None, tell: Tell
) -> tuple[PlainQuestion, ...]:
    try:
        page = declared.read(path)
    except BadInput as error:
        tell(here, line, f"{path.name}: {error.message}", error.hint)
        return ()
    wrong: Reader = declared.Reader(list(page.complaints))
    found = questions_in(wrong, page.root)
    if offer is not None:
        unknown_in(wrong, page.root, offer)
    for one in wrong.complaints:
        tell(str(path), one.line, one.message, one.hint)
    return () if wrong.complaints else found
