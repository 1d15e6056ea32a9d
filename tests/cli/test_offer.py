"""`trato offer`: what it prints for people and for scripts, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tests.cli.commands import trato
from tests.offer.test_declaration import PHONES
from trato.cli.main import app
from trato.errors import BadInput, OfferTooLarge

if TYPE_CHECKING:
    from typer.testing import Result


@pytest.fixture
def phones(tmp_path: Path) -> Path:
    path = tmp_path / "offer.yaml"
    path.write_text(PHONES, encoding="utf-8")
    return path


def offer(command: str, file: Path, *words: object) -> Result:
    """Run `trato offer COMMAND FILE WORDS` in this process."""
    said = ["offer", command, file, "--cache", file.parent / "cache", *words]
    return CliRunner().invoke(app, list(map(str, said)))


def test_the_count_is_a_decimal_number(phones: Path) -> None:
    done = offer("count", phones)
    assert (done.exit_code, done.stdout) == (0, "3\n"), done.stderr
    done = offer("count", phones, "--fact", "age_band=adult", "--choose", "phone=basic", "--json")
    assert json.loads(done.stdout) == {"count": "8"}
    assert list((phones.parent / "cache").glob("*.npz"))
    done = offer("count", phones, "--choose", "phone=basic", "--choose", "gift_wrap=box")
    assert (done.exit_code, done.stdout) == (0, "0\n")


def test_a_count_of_thousands_of_digits_is_written_out(tmp_path: Path) -> None:
    wide = tmp_path / "wide.dimacs"
    wide.write_text("p cnf 16000 1\n1 2 0\n", encoding="utf-8")
    done = trato("offer", "count", wide)  # in a process of its own: the limit is one of the process
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.strip()) == 4817


def test_domains_for_people_and_scripts(phones: Path) -> None:
    done = offer("domains", phones, "--choose", "phone=smart")
    assert done.stdout.splitlines() == ["phone      smart", "gift_wrap  none", "bottles    0"]
    done = offer("domains", phones, "--fact", "age_band=adult", "--without", "bottles=2", "--json")
    told = json.loads(done.stdout)
    assert told["valid"]
    assert told["domains"]["bottles"] == ["0", "1", "3"]
    assert told["conflict"] is None


def test_a_conflict_is_told_with_its_repair(phones: Path) -> None:
    done = offer("domains", phones, "--choose", "bottles=2", "--choose", "phone=basic")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "these cannot all be:",
        "  chosen  bottles = 2",
        "  fact    age_band = unknown",
        f"  rule    of_age  ({phones}:22)",
        "the cheapest repair:",
        "  bottles: 2 → 0",
    ]
    done = offer("domains", phones, "--choose", "bottles=2", "--choose", "phone=basic", "--json")
    told = json.loads(done.stdout)
    assert not told["valid"]
    assert told["domains"] == {"phone": [], "gift_wrap": [], "bottles": []}
    assert told["conflict"]["choices"] == {"bottles": "2"}
    assert told["conflict"]["minimal"]
    assert told["conflict"]["rules"][0]["line"] == 22
    assert told["conflict"]["repair"] == {"cost": 1.0, "changes": {"bottles": {"before": "2", "after": "0"}}}


def test_the_best_is_cheapest_unless_said_otherwise(phones: Path, tmp_path: Path) -> None:
    told = json.loads(offer("best", phones, "--choose", "gift_wrap=paper", "--json").stdout)
    assert told["configuration"] == {"phone": "basic", "gift_wrap": "paper", "bottles": "0"}
    assert (told["price"], told["score"]) == (9900, -9900.0)
    told = json.loads(offer("best", phones, "--maximize", "size", "--json").stdout)
    assert told["configuration"]["phone"] == "smart"
    scores = tmp_path / "scores.csv"
    scores.write_text("component,module,score\nphone,basic,1\nphone,smart,1.5\n", encoding="utf-8")
    assert "smart" in offer("best", phones, "--scores", scores).stdout
    scores.write_text("component,module,score\nphone,basc,1\n", encoding="utf-8")
    done = offer("best", phones, "--scores", scores)
    assert isinstance(done.exception, BadInput)
    assert "scores.csv:2: 'phone' has no module 'basc'" in str(done.exception)
    ended = trato("offer", "best", phones, "--cache", tmp_path, "--choose", "bottles=1", "--json")
    assert ended.returncode == 3
    assert json.loads(ended.stdout)["error"]["code"] == "trato.no_configuration"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--choose", "phone=smrt"], "did you mean 'smart'?"),
        (["--choose", "fone=smart"], "did you mean 'phone'?"),
        (["--choose", "phone"], "'phone' says no module"),
        (["--choose", "phone=smart", "--choose", "phone=basic"], "'phone' is chosen twice"),
        (["--choose", "age_band=adult"], "'age_band' is a fact"),
        (["--fact", "age_band=adlut"], "did you mean 'adult'?"),
        (["--maximize", "siez"], "did you mean 'size'?"),
        (["--maximize", "maker"], "'maker' is a word"),
        (["--maximize", "size", "--minimize", "price"], "say one of"),
    ],
)
def test_what_cannot_be_meant_is_told(phones: Path, words: list[str], said: str) -> None:
    done = offer("best", phones, *words)
    assert isinstance(done.exception, BadInput)
    assert said in str(done.exception)


def test_check_tells_all_at_once(phones: Path) -> None:
    done = offer("check", phones)
    assert done.exit_code == 0, done.stdout
    assert "3 components, 3 rules" in done.stdout
    assert "3 configurations where no fact is known" in done.stdout
    phones.write_text(
        PHONES.replace("= adult", "= adlut").replace("total size", "total sise"), encoding="utf-8"
    )
    done = offer("check", phones)
    assert done.exit_code == 3
    assert "to put right: 2" in done.stdout
    assert f"{phones}:22:38: 'age_band' has no module 'adlut'\n      did you mean 'adult'?" in done.stdout
    told = json.loads(offer("check", phones, "--json").stdout)
    assert (told["sound"], told["count"], told["components"]) == (False, None, None)
    assert [(one["line"], one["column"], one["kind"]) for one in told["findings"]] == [
        (22, 38, "declaration"),
        (24, 17, "declaration"),
    ]


def test_what_cannot_be_compiled_in_time_is_answered_by_search(phones: Path) -> None:
    done = offer("domains", phones, "--seconds", "0", "--json")
    told = json.loads(done.stdout)
    assert told["domains"]["phone"] == ["basic", "smart"]
    assert told["message"].startswith("answered by search")
    assert told["message"] in done.stderr
    done = offer("count", phones, "--seconds", "0")
    assert isinstance(done.exception, OfferTooLarge)
    assert "cannot be counted" in str(done.exception)
