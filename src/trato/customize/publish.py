"""What is served of a programme: its declaration, as it is read from the folder, and who conducts it.

A changed declaration keeps what was learned: what the old belief knows of the coefficients that both have is
carried over, and a new treatment begins with the belief of the modules that it is made of.

A programme may begin as a trial by hand: a person chooses, but for a small randomised part. It becomes
automatic by the act of a person, who may do that once the programme's verdict allows; the act is kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from trato.customize.programme.belief import prior_of
from trato.customize.programme.document import epoch_of, programme_from
from trato.customize.programme.drift import watching
from trato.customize.programme.encode import layout_of
from trato.customize.programme.features import places
from trato.customize.programme.lessons import Learning, learning_of, written
from trato.customize.programme.posterior import carried
from trato.customize.programme.store import ServedProgramme
from trato.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.customize.programme.store import LearningStore
    from trato.customize.programme.treatments import Programme

Conducted = Literal["system", "person"]

# Verdicts that say that differing pays: then a policy may run without a person's choice each time.
_PAYS = frozenset({"personalise", "groups"})


@dataclass(frozen=True, slots=True)
class Act:
    """That a person gave a programme to the system, or took it back: when, who, and on which verdict
    (the number of the look at it, None where none was needed).
    """

    at: datetime
    by: str
    conducted: Conducted
    look: int | None


def publish(store: LearningStore, programme: Programme, *, now: datetime) -> ServedProgramme:
    """Serve a programme as it is declared, with what was learned under its last declaration.

    Done twice it changes nothing. Who conducts it is as declared the first time, and then stays as it stands,
    whatever is declared: a person's programme becomes the system's by an act (`automate`) alone.
    """
    while True:
        served = store.served_programmes().get(programme.key)
        if served is not None and served.version == programme.version:
            return served
        store.put_model(programme.version, "programme", programme.document)
        after = ServedProgramme(programme.key, programme.version, "", "", 0, programme.conducted, now)
        if served is not None:
            model = _carried_over(store, served, programme)
            after = replace(served, version=programme.version, model=model, changed_at=now)
        if store.serve_programme(after, instead=served):
            return after


def may_automate(verdict: str) -> bool:
    """Whether a verdict (`personalise`, `groups`, `dont` …) lets a trial by hand become automatic."""
    return verdict in _PAYS


def automate(store: LearningStore, programme: str, *, by: str, now: datetime) -> ServedProgramme:
    """Give a programme that a person conducts to the system, as `by` decides, and keep that they did.

    The last look at its trial as it is served must allow it. Raises BadOption where it does not, and for a
    programme that is not served.
    """
    served = store.served_programmes().get(programme)
    epoch = served and epoch_of(programme_from(store.model_document(served.version)))
    looks = [(number, _plain(document)) for number, _, document in store.looks_at(programme)]
    looks = [one for one in looks if one[1].get("epoch") == epoch]
    if served is None or not looks:
        raise BadOption(
            f"nobody has looked yet whether {programme!r} pays, as it is served now",
            hint="look first: trato programme DIR PROGRAMME --look --planned UNITS",
        )
    number, said = looks[-1]
    verdict = str(said.get("verdict", ""))
    if not may_automate(verdict):
        raise BadOption(
            f"the verdict on {programme!r} is {verdict!r}: that does not allow it",
            hint="go on by hand until it says that differing pays",
        )
    return _conduct(store, programme, "system", Act(now, by, "system", number))


def take_back(store: LearningStore, programme: str, *, by: str, now: datetime) -> ServedProgramme:
    """Let a person conduct a programme again, as `by` decides, whatever its verdict; kept as an act too.

    Raises BadOption for a programme that is not served.
    """
    return _conduct(store, programme, "person", Act(now, by, "person", None))


def acts_on(store: LearningStore, programme: str) -> tuple[Act, ...]:
    """Who gave the programme to the system or took it back, oldest first."""
    found: list[Act] = []
    for _, at, document in store.looks_at(_acts(programme)):
        said = _plain(document)
        look = said.get("look")
        conducted: Conducted = "system" if said.get("conducted") == "system" else "person"
        found.append(Act(at, str(said.get("by", "")), conducted, look if isinstance(look, int) else None))
    return tuple(found)


def _conduct(store: LearningStore, programme: str, conducted: Conducted, act: Act) -> ServedProgramme:
    while True:
        served = store.served_programmes().get(programme)
        if served is None:
            raise BadOption(f"no programme {programme!r} is served")
        if served.conducted == conducted:
            return served
        after = replace(served, conducted=conducted, changed_at=act.at)
        if store.serve_programme(after, instead=served):
            said = {"by": act.by, "conducted": conducted, "look": act.look}
            store.add_look(_acts(programme), act.at, json.dumps(said, sort_keys=True))
            return after


def _acts(programme: str) -> str:
    """The name under which acts are kept beside looks: numbered and append-only as these."""
    return f"{programme} conducted"


def _carried_over(store: LearningStore, served: ServedProgramme, programme: Programme) -> str:
    """The model for a changed declaration: the old belief where both know a coefficient. Keeps it."""
    if not served.model:
        return ""
    before = programme_from(store.model_document(served.version))
    old, new = layout_of(before), layout_of(programme)
    known = learning_of(store, before, served.model)
    belief = carried(known.posterior, prior_of(programme), places(old, new))
    # The surprises of another declaration's model say nothing of this one's.
    model, document = written(Learning(belief, watching(), known.drifts), programme)
    store.put_model(model, "posterior", document)
    return model


def _plain(document: str) -> Mapping[str, object]:
    found = json.loads(document)
    return found if isinstance(found, dict) else {}
