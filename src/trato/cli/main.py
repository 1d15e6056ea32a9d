"""`trato`: the commands put together, and errors turned into exit codes, once.

Exit codes: 0 done · 1 a fault of ours · 2 wrong usage · 3 bad input · 4 not enough data · 5 an extra is
missing · 6 not permitted · 7 the store cannot serve · 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from trato import __version__
from trato.errors import TratoError

app = typer.Typer(
    name="trato",
    help="Treat different customers differently, and know when not to.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"trato {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Treat different customers differently, and know when not to."""


def _register() -> None:
    from trato.cli import (
        appraise,
        build,
        check,
        conduct,
        configure,
        decide,
        decisions,
        demo,
        evaluate,
        init,
        key,
        load,
        migrate,
        needs,
        offer,
        permission,
        programme,
        rehearse,
        serve,
        simulate,
        value,
        verdict,
        verify,
        whatif,
    )

    demo.register(app)
    simulate.register(app)
    init.register(app)
    check.register(app)
    build.register(app)
    load.register(app)
    serve.register(app)
    key.register(app)
    permission.register(app)
    migrate.register(app)
    verify.register(app)
    decide.register(app)
    decisions.register(app)
    programme.register(app)
    conduct.register(app)
    appraise.register(app)
    needs.register(app)
    offer.register(app)
    configure.register(app)
    rehearse.register(app)
    evaluate.register(app)
    value.register(app)
    whatif.register(app)
    verdict.register(app)


_register()


def run() -> None:
    """Run the command line; every error of ours ends as one clear message and its exit code."""
    try:
        app()
    except TratoError as error:
        if "--json" in sys.argv:
            print(json.dumps({"error": error.as_dict()}, ensure_ascii=False, indent=2))
        sys.stderr.write(f"trato: {error}\n")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        sys.stderr.write("trato: interrupted; nothing was written\n")
        raise SystemExit(130) from None
