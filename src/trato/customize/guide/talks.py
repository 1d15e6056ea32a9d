"""The verbs of a talk: begin, answer, correct, accept, deliver, and ask whether it was what they expected.

A talk with a known customer is read and changed under a permit for the purpose of the guides, read in the
same transaction. It begins with what they said, which binds, and with their belief. What is sensitive is
asked with explicit consent, stays in the talk, and reaches neither log nor belief nor tally. Saying the same
twice changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from trato.customize.guide.begin import known_at_first
from trato.customize.guide.guides import seen_word
from trato.customize.guide.keep import accepted_as, keep_accepted
from trato.customize.guide.talk import Talk
from trato.errors import ConsentMissing, OfferChanged, PermissionMissing, TalkOver, UnknownTalk
from trato.permission.permit import read_permit, read_permits

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.customize.guide.guides import Guides
    from trato.customize.guide.state import GuideState
    from trato.customize.guide.talk import TalkStore
    from trato.customize.guide.words import Language
    from trato.customize.models import Models

MOST_ANSWERS = 300  # what one talk may hold
IDLE = timedelta(days=1)
UNFINISHED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class BeginTalk:
    """A talk to begin, with a customer or, where that is None, with somebody unknown."""

    customer: CustomerId | None
    touchpoint: str
    language: Language


@dataclass(frozen=True, slots=True)
class AnswerTalk:
    """An answer to a question, or a choice in free order; None is *no preference*.

    `consent` says that the customer agreed to answer what is sensitive.
    """

    talk: str = field(repr=False)
    key: str
    answer: str | None = field(repr=False)
    consent: bool = False


@dataclass(frozen=True, slots=True)
class CorrectTalk:
    """Another module in the place of one that was shown."""

    talk: str = field(repr=False)
    component: str
    module: str


@dataclass(frozen=True, slots=True)
class AcceptTalk:
    """The customer takes the proposal that they saw; `seen` is its word."""

    talk: str = field(repr=False)
    seen: str


@dataclass(frozen=True, slots=True)
class Left:
    """How many talks were left after a question was asked; None where nothing was asked any more."""

    question: str | None
    talks: int


@dataclass(frozen=True, slots=True)
class Abandonment:
    """Of `talks`, how many were `accepted`, and after which question the others were left, most first.

    One is left when it was not accepted and nothing happened for a day.
    """

    talks: int
    accepted: int
    left: tuple[Left, ...]


def begin_talk(
    store: TalkStore,
    guides: Guides,
    request: BeginTalk,
    *,
    unit: str = "person",
    models: Models | None = None,
    now: datetime,
    draw: Callable[[int], bytes],
) -> Talk:
    """Begin a talk. `draw` gives that many random bytes, such as `secrets.token_bytes`.

    With a customer it begins with what they said and, given `models`, with what was learned of their `unit`.
    Raises NotPermitted, UnknownCustomer, and NoConfiguration where there is nothing to offer.
    """
    talk = Talk(
        id=draw(16).hex(),
        offer=guides.digest,
        customer=request.customer,
        purpose=None,
        touchpoint=request.touchpoint,
        language=request.language,
        state=known_at_first(None, guides).state,
        asked=None,
        started_at=now,
        changed_at=now,
    )
    if request.customer is not None:
        if guides.purpose is None:
            raise PermissionMissing(
                "guided conversations are with nobody known here",
                hint="say in company.yaml for which purpose they are held: offer: {purpose: …}",
            )
        permit = read_permit(store, guides.purpose, request.customer, now=now)
        begun = known_at_first(store, guides, permit, unit=unit, models=models, now=now)
        talk = replace(
            talk, purpose=permit.purpose, state=begun.state, likes=begun.likes, avoided=begun.avoided
        )
    talk = _asking(guides, talk)
    store.add_talk(talk)
    return talk


def find_talk(store: TalkStore, guides: Guides, talk: str, *, now: datetime) -> Talk:
    """The talk of that id. Raises UnknownTalk; and NotPermitted where its customer no longer permits it."""
    whose = store.whose_talk(talk)
    found: Talk | None = None
    if whose is not None and whose.customer is None:
        found = store.anonymous_talk(talk)
    elif whose is not None and whose.customer is not None and guides.purpose is not None:
        permit = read_permit(store, guides.purpose, whose.customer, now=now)
        found = store.talk_of(permit, talk)
    if found is None:
        raise UnknownTalk(
            "there is no guided conversation under this address", hint="it may have ended: begin a new one"
        )
    return found


def answer_talk(store: TalkStore, guides: Guides, request: AnswerTalk, *, now: datetime) -> Talk:
    """Keep an answer. What was answered before to the same question counts no more.

    Raises as find_talk; TalkOver once it was accepted, UnknownModule, BadOption for what cannot be had, and
    ConsentMissing.
    """
    talk = _open(store, guides, request.talk, now)
    asks_sensitive = guides.asks_sensitive(request.key)
    if asks_sensitive and request.answer is not None and not (request.consent or talk.consented):
        raise ConsentMissing(
            "this is asked with explicit consent only", hint="let the customer agree, or skip the question"
        )
    if _said_already(guides, talk.state, request):
        return talk
    state = _without_answer(guides, talk, request.key)
    guide = guides.of(talk)
    state = guide.answer(state, guide.step(state), request.key, request.answer)
    consented = talk.consented or (asks_sensitive and request.consent)
    return _changed(store, guides, replace(talk, state=state, consented=consented), now)


def correct_talk(store: TalkStore, guides: Guides, request: CorrectTalk, *, now: datetime) -> Talk:
    """Keep a correction of a value that was shown. Raises as answer_talk."""
    talk = _open(store, guides, request.talk, now)
    if talk.state.choices.get(request.component) == request.module:
        return talk
    guide, state = guides.of(talk), _mended(guides, talk)
    state = guide.correct(state, guide.step(state), request.component, request.module)
    return _changed(store, guides, replace(talk, state=state), now)


def accept_talk(store: TalkStore, guides: Guides, request: AcceptTalk, *, now: datetime) -> Talk:
    """The customer takes what they saw. It moves their belief, and counts among what was taken.

    Raises as find_talk, and OfferChanged when it is not what is proposed any more; then nothing is taken.
    """
    talk = find_talk(store, guides, request.talk, now=now)
    if talk.accepted is not None:
        return talk
    step = guides.step(talk)
    if seen_word(step) != request.seen:
        raise OfferChanged("the offer has changed since it was shown", hint="look at it again")
    accepted = replace(
        talk, accepted=accepted_as(guides, step, now), asked=None, changed_at=now, offer=guides.digest
    )
    keep_accepted(store, guides, accepted, now=now)
    store.change_talk(accepted)
    return accepted


def deliver_talk(store: TalkStore, guides: Guides, talk: str, *, now: datetime) -> Talk:
    """What was accepted has been delivered. Raises as find_talk, and TalkOver when nothing was accepted."""
    found = find_talk(store, guides, talk, now=now)
    if found.accepted is None:
        raise TalkOver("nothing was accepted that could be delivered")
    if found.delivered_at is not None:
        return found
    return _kept(store, replace(found, delivered_at=now))


def was_it_right(store: TalkStore, guides: Guides, talk: str, *, as_expected: bool, now: datetime) -> Talk:
    """Whether it is what they expected. Raises as find_talk, and TalkOver before it was delivered."""
    found = find_talk(store, guides, talk, now=now)
    if found.delivered_at is None:
        raise TalkOver("it has not been delivered yet")
    if found.as_expected is as_expected:
        return found
    return _kept(store, replace(found, as_expected=as_expected))


def to_deliver(store: TalkStore, guides: Guides, *, most: int, now: datetime) -> tuple[Talk, ...]:
    """What was accepted and not yet delivered, the first accepted first, at most so many.

    Those of customers who no longer permit the purpose are left out.
    """
    found: list[Talk | None] = []
    for one in store.pending_talks(most):
        if one.whose.customer is None:
            found.append(store.pending_anonymous(one.key))
        elif guides.purpose is not None:
            permits = read_permits(store, guides.purpose, [one.whose.customer], now=now)
            found += [store.pending_of(permit, one.key) for permit in permits.values()]
    return tuple(talk for talk in found if talk is not None)


def abandonment(store: TalkStore, *, now: datetime) -> Abandonment:
    """After which question customers left, as far as talks are kept."""
    talks, accepted = store.talk_counts()
    left = [Left(question, often) for question, often in store.talks_left(now - IDLE)]
    return Abandonment(talks, accepted, tuple(sorted(left, key=lambda one: (-one.talks, one.question or ""))))


def drop_unfinished(store: TalkStore, *, now: datetime) -> int:
    """Remove what somebody unknown began and left thirty days ago, and return how many talks that were."""
    return store.drop_talks(now - UNFINISHED)


def _open(store: TalkStore, guides: Guides, talk: str, now: datetime) -> Talk:
    found = find_talk(store, guides, talk, now=now)
    if found.accepted is not None:
        raise TalkOver("this was accepted already", hint="begin a new one to change your mind")
    if found.answers >= MOST_ANSWERS:
        raise TalkOver("one conversation holds no more answers than that", hint="accept, or begin a new one")
    return found


def _said_already(guides: Guides, state: GuideState, request: AnswerTalk) -> bool:
    if any(one.key == request.key for one in guides.guide.questions):
        return dict(state.answers).get(request.key) == (request.answer or "")
    if request.answer is None:
        return request.key in state.open
    return state.choices.get(request.key) == request.answer


def _mended(guides: Guides, talk: Talk) -> GuideState:
    """The state without what the offer has no longer; the page has told it."""
    gone = dict(guides.step(talk).changed)
    places, facts = guides.guide.diagram.table.place, {one.name: one.values for one in guides.offer.facts}
    return replace(
        talk.state,
        choices={c: m for c, m in talk.state.choices.items() if c not in gone and (c, m) in places},
        facts={name: one for name, one in talk.state.facts.items() if one in facts.get(name, ())},
    )


def _without_answer(guides: Guides, talk: Talk, key: str) -> GuideState:
    """The state without an earlier answer to a plain question, and without what that made known."""
    state = _mended(guides, talk)
    earlier = dict(state.answers).get(key)
    plain = next((one for one in guides.guide.questions if one.key == key), None)
    if plain is None:
        return replace(state, open=tuple(one for one in state.open if one != key))
    given = plain.answer(earlier) if earlier else None
    known = set(given.facts) if given is not None else set()
    return replace(
        state,
        answers=tuple(pair for pair in state.answers if pair[0] != key),
        facts={name: one for name, one in state.facts.items() if name not in known},
    )


def _asking(guides: Guides, talk: Talk) -> Talk:
    question = guides.step(talk).question
    return replace(talk, asked=None if question is None else question.key, offer=guides.digest)


def _changed(store: TalkStore, guides: Guides, talk: Talk, now: datetime) -> Talk:
    return _kept(store, replace(_asking(guides, talk), changed_at=now))


def _kept(store: TalkStore, talk: Talk) -> Talk:
    store.change_talk(talk)
    return talk
