"""`trato rehearse` and `trato configure`, as somebody types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import trato

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
OFFER, SOLD, QUESTIONS = (EXAMPLES / "phones" / name for name in ("offer.yaml", "sold.csv", "questions.yaml"))


def configure(typed: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Run `trato configure` and type these lines."""
    return subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            "from trato.cli.main import run; run()",
            "configure",
            str(OFFER),
        ]
        + [str(word) for word in words],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["phones", "vitamins"])
def test_the_examples_are_rehearsed(name: str) -> None:
    folder = EXAMPLES / name
    done = trato("rehearse", folder / "offer.yaml", folder / "sold.csv", "--customers", 15, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for mode in ("asking", "showing", "showing_random", "fixed_order"):
        assert set(found[mode]) >= {"mean", "low", "high", "p90", "within_5"}
    assert found["asking"]["mean"] < found["fixed_order"]["mean"]
    assert found["showing"]["mean"] < found["without_history"]["mean"]
    assert found["invalid"] == 0
    assert 0 <= found["value_error"] < 0.5


def test_people_read_how_many_answers(tmp_path: Path) -> None:
    sold = SOLD.read_text(encoding="utf-8").splitlines()
    broken = tmp_path / "sold.csv"
    wrong = sold[1].replace(",swap,", ",magic,").replace(",send_in,", ",magic,")
    broken.write_text("\n".join([*sold[:40], wrong]), encoding="utf-8")
    done = trato("rehearse", OFFER, broken, "--held-out", 0.2, "--customers", 5)
    assert done.returncode == 0, done.stderr
    assert "1 of 40 rows put aside" in done.stderr
    assert "sold.csv:41: the component 'repair' has no module 'magic'" in done.stderr
    assert "answers until the offer is right" in done.stdout
    assert "0 of them invalid" in done.stdout


def test_a_table_that_has_nothing_to_do_with_the_offer_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("name,age\nAna,34\n", encoding="utf-8")
    done = trato("rehearse", OFFER, other)
    assert done.returncode == 3
    assert "no column is called like a component" in done.stderr
    few = tmp_path / "few.csv"
    few.write_text("\n".join(SOLD.read_text(encoding="utf-8").splitlines()[:5]), encoding="utf-8")
    assert trato("rehearse", OFFER, few).returncode == 4


def test_the_guide_is_followed_to_the_end() -> None:
    done = configure("2\nc contact email\n\n", "--learn", SOLD, "--questions", QUESTIONS, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["configuration"]["contact"] == "email"
    assert found["price"] > 0
    assert "Who will use the phones?" in done.stderr


@pytest.mark.parametrize(("language", "words"), [("es", "Le proponemos"), ("pt", "Propomos a você")])
def test_it_speaks_the_customers_language(language: str, words: str) -> None:
    done = configure("q\n", "--language", language)
    assert done.returncode == 1
    assert words in done.stderr


def test_a_conversation_is_saved_and_resumed(tmp_path: Path) -> None:
    saved = tmp_path / "talk.json"
    assert configure(f"c phone rugged\ns {saved}\nq\n").returncode == 1
    assert saved.stat().st_mode & 0o077 == 0
    done = configure("\n", "--resume", saved, "--json")
    assert json.loads(done.stdout)["configuration"]["phone"] == "rugged"
    assert configure("\n", "--resume", OFFER).returncode == 3


def test_what_is_typed_wrongly_is_told_and_nothing_is_lost() -> None:
    done = configure("99\nc phone folding\nc abroad open\n\n", "--fact", "role=employee", "--json")
    assert done.returncode == 0, done.stderr
    assert "'99' is no answer here" in done.stderr
    assert "has no module 'folding'" in done.stderr
    assert "'open' cannot be had here" in done.stderr
    assert json.loads(done.stdout)["configuration"]["abroad"] != "open"
    assert configure("\n", "--fact", "role").returncode == 3
    assert configure("\n", "--language", "de").returncode == 3
    assert configure("").returncode == 1  # the end of what is typed is leaving
