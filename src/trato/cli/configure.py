"""`trato configure`: the guide in the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trato.customize.guide.guide import Guide, Step
    from trato.customize.guide.questions import PlainQuestion
    from trato.customize.guide.state import GuideState
    from trato.customize.guide.words import Language

SHOWN = 12
_HELP = {
    "en": "number: answer · enter: accept · c COMPONENT MODULE: correct · a: all · s FILE: save · q: leave",
    "es": "número: responder · intro: aceptar · c COMPONENTE MÓDULO: corregir · a: todo · s ARCHIVO: guardar"
    " · q: salir",
    "pt": "número: responder · enter: aceitar · c COMPONENTE MÓDULO: corrigir · a: tudo · s ARQUIVO: guardar"
    " · q: sair",
}


def register(app: typer.Typer) -> None:
    """Add `trato configure`."""
    app.command("configure")(configure)


def configure(
    offer: Annotated[Path, typer.Argument(help="The offer: offer.yaml, .uvl, .dimacs or XCSP .xml.")],
    learn: Annotated[
        Path | None, typer.Option(help="Past configurations to learn from: a column a component.")
    ] = None,
    count: Annotated[str | None, typer.Option(help="Column with how many sales a row stands for.")] = None,
    questions: Annotated[Path | None, typer.Option(help="questions.yaml with plain questions.")] = None,
    fact: Annotated[
        list[str] | None, typer.Option(help="Something known of the customer, as fact=value; repeatable.")
    ] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with a conversation that was saved.")] = None,
    language: Annotated[str, typer.Option(help="en, es or pt.")] = "en",
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the accepted configuration as JSON.")
    ] = False,
) -> None:
    """Find the offer that fits, guided by the fewest questions.

    A complete valid offer is always shown, with its price and why; the question asked is the one that is
    worth most. Accept, answer, correct anything, or leave and go on later.

    Example: `trato configure phones.yaml --learn sold.csv`
    """
    import numpy as np

    import trato.offer
    from trato.batch.configurations import read_configurations
    from trato.batch.duckdb_engine import DuckDBEngine
    from trato.cli.output import progress
    from trato.cli.rehearse import tell_refused
    from trato.customize.guide.guide import Guide
    from trato.customize.guide.preferences import learn_preferences
    from trato.customize.guide.questions import read_questions
    from trato.customize.guide.state import begun, from_document
    from trato.customize.guide.words import LANGUAGES
    from trato.errors import BadInput, BadOption

    if language not in LANGUAGES:
        raise BadOption(f"--language {language!r} is not one of {', '.join(LANGUAGES)}")
    with progress(f"compiling {offer.name}"):
        diagram = trato.offer.read(offer).compile()
    sales = None
    if learn is not None:
        with progress(f"learning from {learn.name}"), DuckDBEngine() as engine:
            read = read_configurations(engine, diagram, learn, count)
        tell_refused(read)
        sales = read.sales
    preferences = learn_preferences(diagram, sales, draw=np.random.default_rng(seed))
    guide = Guide(diagram, preferences, questions=read_questions(questions) if questions else ())
    state = begun(facts=_facts(fact or []))
    if resume is not None:
        try:
            state = from_document(json.loads(resume.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise BadInput("this is no saved conversation", where=str(resume)) from error
    step = _Dialogue(guide, next(one for one in LANGUAGES if one == language)).run(state)
    if step is None:
        raise typer.Exit(1)
    if as_json:
        print(json.dumps({"configuration": dict(step.proposal), "price": step.price}, ensure_ascii=False))


def _facts(given: list[str]) -> dict[str, str]:
    from trato.errors import BadOption

    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name or not value:
            raise BadOption(f"--fact {one!r} is not fact=value")
        found[name.strip()] = value.strip()
    return found


class _Dialogue:
    """Shows steps and reads lines until the customer accepts or leaves; all of it on stderr but the end."""

    def __init__(self, guide: Guide, language: Language) -> None:
        self.guide = guide
        self.language = language

    def run(self, state: GuideState) -> Step | None:
        """The accepted step; None when the customer left."""
        from trato.errors import TratoError

        while True:
            step = self.guide.step(state)
            self._show(step, everything=False)
            line = self._line()
            while line is not None and line.split(" ", 1)[0] in {"a", "s", "?"}:
                if line.startswith("s"):
                    self._save(state, line[1:].strip())
                else:
                    self._show(step, everything=True)
                line = self._line()
            if line is None or line == "q":
                return None
            if line == "":
                self._say(f"{'':2}{self._total(step)}")
                return step
            try:
                state = self._said(state, step, line)
            except TratoError as error:
                self._say(str(error))

    def _said(self, state: GuideState, step: Step, line: str) -> GuideState:
        from trato.errors import BadOption

        words = line.split(maxsplit=2)
        if words[0] == "c" and len(words) == 3:
            return self.guide.correct(state, step, words[1], words[2])
        if step.question is not None and line.isdecimal() and int(line) <= len(step.question.options):
            place = int(line)
            answer = step.question.options[place - 1].key if place else None
            return self.guide.answer(state, step, step.question.key, answer)
        raise BadOption(f"{line!r} is no answer here", hint=_HELP[self.language])

    def _show(self, step: Step, *, everything: bool) -> None:
        from trato.customize.guide.words import asked, brought, phrase, reason

        offer, language = self.guide.diagram.offer, self.language
        for name, gone in step.changed:
            self._say(phrase("changed", language, component=name, module=gone))
        self._say("")
        self._say(f"{phrase('proposal', language)}: {self._total(step)}")
        values = step.values if everything else step.values[:SHOWN]
        width = max(len(offer.component(one.component).label(language)) for one in values)
        for one in values:
            component = offer.component(one.component)
            module = component.module(one.module)
            why = reason(one, language, sales=self.guide.preferences.sales)
            self._say(f"  {component.label(language):<{width}}  {module.label(language)}  ({why})")
        if len(values) < len(step.values):
            self._say(f"  … +{len(step.values) - len(values)}")
        question = step.question
        if question is not None:
            plain = self._plain(question.key) if question.plain else None
            self._say("")
            self._say(asked(question, plain, self.guide.diagram, language))
            self._say(f"  {brought(question, plain, step.right, language)}")
            for place, option in enumerate(question.options, 1):
                label = option.key
                if plain is not None:
                    given = plain.answer(option.key)
                    label = given.labels.get(language, option.key) if given else option.key
                else:
                    label = offer.component(question.key).module(option.key).label(language)
                self._say(f"  {place}  {label}")
            self._say(f"  0  {phrase('no_preference', language)}")
        self._say(_HELP[language])

    def _plain(self, key: str) -> PlainQuestion | None:
        return next((one for one in self.guide.questions if one.key == key), None)

    def _total(self, step: Step) -> str:
        currency = self.guide.diagram.offer.currency
        return f"{step.price / 100:,.2f} {currency}".strip() if step.price else ""

    def _save(self, state: GuideState, file: str) -> None:
        from trato.customize.guide.state import as_document

        try:
            saved = Path(file)
            saved.touch(mode=0o600)  # facts may be sensitive
            saved.write_text(json.dumps(as_document(state), ensure_ascii=False), encoding="utf-8")
            self._say(f"{file}: ok")
        except OSError as error:
            self._say(f"{file}: {error.strerror}")

    def _line(self) -> str | None:
        typer.echo("> ", nl=False, err=True)
        try:
            return input().strip()
        except EOFError:
            return None

    def _say(self, words: str) -> None:
        typer.echo(words, err=True)
