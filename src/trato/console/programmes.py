"""Programmes as they run: what came of them so far, what is scarce, and whether they pay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato.customize.programme.document import epoch_of
from trato.errors import BadOption
from trato.measure.parts import parts_of
from trato.measure.running import look_now, looks_of, running_of, success_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from trato.console.visit import Visit
    from trato.customize.programme.store import ServedProgramme
    from trato.customize.programme.treatments import Programme
    from trato.measure.programme import Look
    from trato.storage.transaction import Transaction

MOST_PLANNED = 10**9
MOST_LOOKS = 20


def show(visit: Visit) -> Response:
    """All programmes, each with who chooses and what its last look said."""
    programmes, now = visit.desk.company.programmes, visit.now

    def read(it: Transaction) -> list[tuple[Programme, ServedProgramme | None, tuple[int, Look] | None]]:
        served = it.served_programmes()
        found = []
        for one in programmes:
            looks = looks_of(it, one.key, epoch_of(one))
            found.append((one, served.get(one.key), looks[-1] if looks else None))
        return found

    rows = visit.desk.store.read(read)
    return visit.show("programmes", rows=[(one, state_of(one, visit), *rest) for one, *rest in rows], now=now)


def state_of(programme: Programme, visit: Visit) -> str:
    """Whether a programme runs: `to_come`, `runs` or `over`."""
    if programme.starts is not None and visit.now < programme.starts:
        return "to_come"
    return "over" if programme.ends is not None and programme.ends <= visit.now else "runs"


def show_one(visit: Visit) -> Response:
    """One programme: arms, treatments, what is used and at what price, drift, looks; on wish, its parts."""
    return _page(visit)


def _page(visit: Visit, *, status: int = 200, problem: str = "") -> Response:
    programme, now = _programme(visit), visit.now
    running = visit.desk.store.read(lambda it: running_of(it, programme, now=now))
    parts = None
    if visit.asked("parts"):
        serving = visit.desk.serving
        parts = visit.desk.store.read(lambda it: parts_of(it, programme, serving=serving, now=now))
    return visit.show(
        "programme",
        status=status,
        p=programme,
        one=running,
        state=state_of(programme, visit),
        looks=tuple(reversed(running.looks))[:MOST_LOOKS],
        labels={each.key: each.label for each in programme.treatments},
        parts=parts,
        problem=problem,
        infinite=float("inf"),
    )


def look(visit: Visit) -> Response:
    """Look once more whether a programme pays, and keep the look."""
    programme, now, said = _programme(visit), visit.now, visit.said("planned")
    planned = int(said) if said.isdecimal() and len(said) < 12 else None
    if said and (planned is None or not 0 < planned <= MOST_PLANNED):
        return _page(visit, status=422, problem="planned")
    try:
        visit.desk.store.write(lambda it: look_now(it, programme, planned=planned, now=now))
    except BadOption:
        return _page(visit, status=422, problem="values" if success_of(programme) is None else "early")
    return visit.go(f"/programmes/{programme.key}", "looked")


def _programme(visit: Visit) -> Programme:
    return visit.desk.serving.programme(str(visit.request.path_params["programme"])[:64])
