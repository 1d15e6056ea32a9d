"""The pages of a guided conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from trato.customize.guide.talks import (
    AcceptTalk,
    AnswerTalk,
    BeginTalk,
    CorrectTalk,
    accept_talk,
    answer_talk,
    begin_talk,
    correct_talk,
    find_talk,
    was_it_right,
)
from trato.customize.guide.view import (
    brought_words,
    changed_words,
    component_words,
    module_words,
    option_words,
    question_words,
    view_of,
    why,
)
from trato.errors import ConsentMissing, NoConfiguration

if TYPE_CHECKING:
    from starlette.responses import Response

    from trato.customize.guide.guide import Question, Shown
    from trato.customize.guide.guides import Guides
    from trato.customize.guide.talk import Fulfilled, Talk
    from trato.customize.guide.view import View
    from trato.customize.guide.words import Language
    from trato.permission.purposes import Language as Spoken
    from trato.portal.visit import Visit
    from trato.portal.words import Reader

SHOWN = 5
LEAST_TOLD = 0.1
MOST_TOLD = 0.97


@dataclass(frozen=True, slots=True)
class Row:
    """One value as the page shows it; `fitting` and `others` are what it could be instead."""

    component: str
    name: str
    module: str
    why: str
    sure: float | None
    fitting: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str], ...]


def guides_of(visit: Visit) -> Guides:
    """The guides. Raises NoConfiguration where no offer is declared."""
    if visit.desk.guides is None:
        raise NoConfiguration("this company declares no offer")
    return visit.desk.guides


def show_begin(visit: Visit) -> Response:
    """What this is, and a button."""
    guides, reader = guides_of(visit), visit.reader()
    return visit.show("begin", reader, offer=reader.own(guides.offer.labels))


def begin(visit: Visit) -> Response:
    """Begin with somebody unknown, and go to the conversation's own address."""
    guides, reader = guides_of(visit), visit.reader()
    desk, now = visit.desk, visit.desk.now()
    desk.begins.take(visit.address, now)
    request = BeginTalk(None, _touchpoint(visit), cast("Language", reader.language))
    talk = desk.store.write(lambda it: begin_talk(it, guides, request, now=now, draw=desk.draw))
    return visit.go(talk.id)


def show(visit: Visit) -> Response:
    """Where the conversation stands: the proposal, the question; or, once it was accepted, what comes now."""
    return _page(visit, _found(visit))


def answer(visit: Visit) -> Response:
    """Keep an answer; without one, no preference."""
    guides, now = guides_of(visit), visit.desk.now()
    given = visit.form.get("answer")
    request = AnswerTalk(visit.talk, visit.form.get("key", ""), given, visit.form.get("consent") == "yes")
    try:
        visit.desk.store.write(lambda it: answer_talk(it, guides, request, now=now))
    except ConsentMissing:
        return _page(visit, _found(visit), status=422, problem="consent.needed")
    return visit.go(visit.talk, done="answer")


def correct(visit: Visit) -> Response:
    """Keep a correction."""
    guides, now = guides_of(visit), visit.desk.now()
    request = CorrectTalk(visit.talk, visit.form.get("component", ""), visit.form.get("module", ""))
    visit.desk.store.write(lambda it: correct_talk(it, guides, request, now=now))
    return visit.go(visit.talk, done="correct")


def accept(visit: Visit) -> Response:
    """Take what was seen."""
    guides, now = guides_of(visit), visit.desk.now()
    request = AcceptTalk(visit.talk, visit.form.get("seen", ""))
    visit.desk.store.write(lambda it: accept_talk(it, guides, request, now=now))
    return visit.go(visit.talk, done="accept")


def expectation(visit: Visit) -> Response:
    """Keep whether it is what they expected."""
    guides, now, said = guides_of(visit), visit.desk.now(), visit.form.get("as_expected") == "yes"
    visit.desk.store.write(lambda it: was_it_right(it, guides, visit.talk, as_expected=said, now=now))
    return visit.go(visit.talk, done="expectation")


def _found(visit: Visit) -> Talk:
    guides, now = guides_of(visit), visit.desk.now()
    return visit.desk.store.read(lambda it: find_talk(it, guides, visit.talk, now=now))


def _page(visit: Visit, talk: Talk, *, status: int = 200, problem: str = "") -> Response:
    guides = guides_of(visit)
    reader = visit.reader(talk.language)
    view = view_of(guides, talk)
    if view.step is None:
        return _thanks(visit, reader, guides, talk)
    step = view.step
    rows = [_row(guides, reader, view, one) for one in step.values]
    language = cast("Spoken", reader.language)
    question = step.question
    return visit.show(
        "guide",
        reader,
        status=status,
        offer=reader.own(guides.offer.labels),
        problem=problem,
        view=view,
        step=step,
        first=rows[:SHOWN],
        rest=rows[SHOWN:],
        tone="low" if step.right < LEAST_TOLD else "high" if step.right > MOST_TOLD else "",
        changed=[changed_words(guides, name, module)[language] for name, module in step.changed],
        ask=None if question is None else _asked(guides, question, step.right, language),
        back=str(visit.request.url.replace(query="", path=f"/me/guide/{talk.id}")),
    )


def _asked(guides: Guides, question: Question, right: float, language: str) -> dict[str, object]:
    return {
        "key": question.key,
        "words": question_words(guides, question)[language],
        "brings": brought_words(guides, question, right)[language],
        "options": [(one.key, option_words(guides, question, one.key)[language]) for one in question.options],
    }


def _row(guides: Guides, reader: Reader, view: View, value: Shown) -> Row:
    language = reader.language

    def named(fits: bool) -> tuple[tuple[str, str], ...]:
        return tuple(
            (one.module, module_words(guides, value.component, one.module)[language])
            for one in view.instead[value.component]
            if one.fits is fits
        )

    return Row(
        value.component,
        component_words(guides, value.component)[language],
        module_words(guides, value.component, value.module)[language],
        why(guides, value)[language],
        value.sure if value.settled == "guess" else None,
        named(fits=True),
        named(fits=False),
    )


def _thanks(visit: Visit, reader: Reader, guides: Guides, talk: Talk) -> Response:
    accepted = talk.accepted
    assert accepted is not None  # noqa: S101 it is shown because it was accepted
    steps: dict[str, list[Fulfilled]] = {}
    for one in accepted.steps:
        steps.setdefault(one.component, []).append(one)
    language = reader.language
    taken = [
        (
            component_words(guides, name)[language],
            module_words(guides, name, module)[language],
            steps.get(name, []),
        )
        for name, module in accepted.configuration.items()
    ]
    return visit.show("thanks", reader, talk=talk, accepted=accepted, taken=taken)


def _touchpoint(visit: Visit) -> str:
    """The company's first touchpoint on the web."""
    known = visit.desk.company.touchpoints.by_key.values()
    return next((one.key for one in known if one.channel == "web"), "")
