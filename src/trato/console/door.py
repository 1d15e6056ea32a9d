"""Coming in and going out: the set-up link, the log-in, the log-out, the password and the language."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from trato.company.passwords import SHORTEST_PASSWORD
from trato.company.people import LogIn, SetUp, change_password, log_in, log_out, open_link, set_up
from trato.errors import BadIdentifier, BadPassword, EmailTaken, LogInPaused, LogInRefused
from trato.pages.words import LANGUAGES

if TYPE_CHECKING:
    from starlette.responses import Response

    from trato.console.visit import Visit
    from trato.permission.purposes import Language


def show_setup(visit: Visit) -> Response:
    """The form behind a set-up link; following it alone spends nothing."""
    return _setup(visit)


def finish_setup(visit: Visit) -> Response:
    """Choose e-mail and password, and come in."""
    if visit.typed("password") != visit.typed("again"):
        return _setup(visit, problem="again")
    request = SetUp(_link(visit), visit.said("email"), visit.typed("password"), _language(visit))
    now = visit.now
    try:
        person = set_up(visit.desk.store, request, now=now, draw=visit.desk.draw)
    except (BadIdentifier, BadPassword, EmailTaken) as error:
        return _setup(visit, problem=error.code)
    return _enter(visit, person.email, visit.typed("password"))


def _setup(visit: Visit, problem: str = "") -> Response:
    token, now = _link(visit), visit.now
    link, person = visit.desk.store.read(lambda it: open_link(it, token, now=now))
    return visit.show(
        "setup",
        status=422 if problem else 200,
        role=link.role,
        known=person,
        problem=problem,
        email=visit.said("email"),
        shortest=SHORTEST_PASSWORD,
    )


def _link(visit: Visit) -> str:
    return str(visit.request.path_params["token"])


def _language(visit: Visit) -> Language:
    chosen = visit.said("language")
    return cast("Language", chosen if chosen in LANGUAGES else visit.reader.language)


def show_log_in(visit: Visit) -> Response:
    """The log-in; who is in already goes on to the first page."""
    return visit.go("/") if visit.who else _log_in(visit)


def finish_log_in(visit: Visit) -> Response:
    """Come in, or hear that e-mail and password do not fit."""
    try:
        return _enter(visit, visit.said("email"), visit.typed("password"))
    except LogInRefused:
        return _log_in(visit, status=401, problem="trato.log_in_refused")
    except LogInPaused as pause:
        answer = _log_in(visit, status=429, problem="trato.log_in_paused", seconds=pause.seconds)
        answer.headers["Retry-After"] = str(pause.seconds)
        return answer


def _log_in(visit: Visit, *, status: int = 200, problem: str = "", seconds: int = 0) -> Response:
    return visit.show("login", status=status, problem=problem, seconds=seconds, email=visit.said("email"))


def _enter(visit: Visit, email: str, password: str) -> Response:
    """A new session, whatever the browser brought: a token that was planted there never becomes one."""
    desk, now = visit.desk, visit.now
    request = LogIn(email, password, visit.address)
    token = log_in(desk.store, desk.attempts, request, now=now, draw=desk.draw)
    if visit.who:
        desk.store.write(lambda it: log_out(it, visit.token))
    return visit.let_in(visit.go("/"), token)


def finish_log_out(visit: Visit) -> Response:
    """End the session, here and in the store."""
    visit.desk.store.write(lambda it: log_out(it, visit.token))
    return visit.let_out(visit.go("/login", "logged_out"))


def show_me(visit: Visit) -> Response:
    """Who I am here: role, what it may see, language, password."""
    return visit.show("me", problem="", seconds=0, shortest=SHORTEST_PASSWORD)


def finish_password(visit: Visit) -> Response:
    """Change the password; every other session of this person ends."""
    desk, now, seconds = visit.desk, visit.now, 0
    problem = "again" if visit.typed("password") != visit.typed("again") else ""
    if not problem:
        try:
            token = change_password(
                desk.store,
                desk.attempts,
                visit.person.person,
                visit.typed("old"),
                visit.typed("password"),
                address=visit.address,
                now=now,
                draw=desk.draw,
            )
        except (LogInRefused, BadPassword) as error:
            problem = "old" if isinstance(error, LogInRefused) else error.code
        except LogInPaused as pause:
            problem, seconds = pause.code, pause.seconds
        else:
            return visit.let_in(visit.go("/access", "password"), token)
    return visit.show("me", status=422, problem=problem, seconds=seconds, shortest=SHORTEST_PASSWORD)


def choose_language(visit: Visit) -> Response:
    """Speak another language from now on; kept with the person, or before the door in a cookie."""
    language = _language(visit)
    if visit.who:
        who = visit.who.person.id
        visit.desk.store.write(lambda it: it.set_language(who, language))
    back = visit.said("back")
    fits = back.startswith("/") and not back.startswith("//") and back.isprintable() and "\\" not in back
    return visit.remember_language(visit.go(back if fits else "/"), language)
