"""`trato grant`, `withdraw` and `migrate`, from a fresh folder on, on both databases."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.commands import trato
from tests.storage.conftest import new_database
from trato import errors
from trato.company.folder import read_company
from trato.customers.customer import CustomerId
from trato.permission.ledger import verify
from trato.permission.permit import read_permit
from trato.storage.of_company import open_company_store

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from trato.storage.transaction import Transaction

ANA = "ana@example.org"
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


def secrets_of(folder: Path) -> list[str]:
    """What no answer may show."""
    key = (folder / "master.key").read_text(encoding="ascii").strip()
    return [key, ANA, ANA.upper(), "told us", "hunter2"]


@pytest.fixture
def sqlite_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh company folder whose store is a file in it."""
    monkeypatch.delenv("TRATO_STORE", raising=False)
    monkeypatch.delenv("TRATO_MASTER_KEY", raising=False)
    done = trato("init", tmp_path / "shop", "--name", "Shop")
    assert done.returncode == 0, done.stderr
    return tmp_path / "shop"


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, sqlite_shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh company folder, on each database; the URL of the server has a password, which it ignores."""
    if request.param == "postgresql":
        url = new_database(request.getfixturevalue("postgres"), "template0")
        monkeypatch.setenv("TRATO_STORE", url.replace("postgres@", "postgres:hunter2@"))
        refused = trato("grant", ANA, "offers", "--company", sqlite_shop, "--identifier", "email", "--new")
        assert refused.returncode == 7
        assert "bring it up once: trato migrate" in refused.stderr
        assert "hunter2" not in said(refused)
    return sqlite_shop


def read(folder: Path, customer: str, purpose: str) -> list[str]:
    """The customer's identifiers under a permit for the purpose; the ledger must be whole."""
    company = read_company(folder)

    def work(it: Transaction) -> list[str]:
        assert verify(it.ledger(), it.permission_head()) == ()
        leave = read_permit(it, company.purposes.named(purpose), CustomerId(customer), now=LATER)
        return [one.value for one in it.identifiers_of(leave)]

    with open_company_store(company, os.environ) as store:
        return store.read(work)


def answer(*words: object) -> dict[str, Any]:
    done = trato(*words, "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_from_a_fresh_folder_to_a_permit_refused(shop: Path) -> None:
    done = trato("migrate", "--company", shop)
    assert done.returncode == 0, done.stderr
    assert "the store is at version" in done.stdout
    assert answer("migrate", "--company", shop) == answer("migrate", "--company", shop)
    by_email = ("--company", shop, "--identifier", "email", "--evidence", "told us")
    given = answer("grant", ANA, "offers", *by_email, "--new", "--touchpoint", "store")
    assert (given["purpose"], given["state"], given["position"]) == ("offers", "granted", 1)
    assert read(shop, given["customer"], "offers") == [ANA]
    # Nobody is registered twice, whatever the case, and the id serves as well.
    again = answer("grant", ANA.upper(), "offers", *by_email, "--new")
    assert (again["customer"], again["position"]) == (given["customer"], 2)
    taken = answer("withdraw", given["customer"], "offers", "--company", shop)
    assert (taken["customer"], taken["state"], taken["position"]) == (given["customer"], "withdrawn", 3)
    with pytest.raises(errors.PermissionWithdrawn):
        read(shop, given["customer"], "offers")
    for words in (("grant", ANA, "offers", *by_email), ("withdraw", ANA, "offers", *by_email)):
        done = trato(*words)
        assert done.returncode == 0, done.stderr
        assert f"customer {given['customer']}, entry" in done.stdout
        assert not [secret for secret in secrets_of(shop) if secret in said(done)]
    with pytest.raises(errors.PermissionWithdrawn):
        read(shop, given["customer"], "offers")


REFUSED = {
    "a purpose mistyped": (["ofers", "--identifier", "email", "--new"], "did you mean 'offers'?"),
    "no choice": (["service", "--identifier", "email", "--new"], "which no yes or no changes"),
    "nobody yet": (["offers", "--identifier", "email"], "to register them: trato grant"),
    "an identifier for an id": (["offers"], "no customer has this id"),
    "new by an id": (["offers", "--new"], "a new customer needs an identifier"),
    "no kind": (["offers", "--identifier", "E mail\n", "--new"], "is no kind of identifier"),
    "no touchpoint": (
        ["offers", "--identifier", "email", "--new", "--touchpoint", "stroe"],
        "did you mean 'store'?",
    ),
}


@pytest.mark.parametrize(("words", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_recorded_is_said_and_nothing_kept(
    sqlite_shop: Path, words: list[str], told: str
) -> None:
    done = trato("grant", ANA, *words, "--company", sqlite_shop)
    assert done.returncode == 3
    assert told in done.stderr
    assert not [secret for secret in secrets_of(sqlite_shop) if secret in said(done)]
    nobody = trato("withdraw", ANA, "offers", "--identifier", "email", "--company", sqlite_shop, "--json")
    assert nobody.returncode == 3
    assert json.loads(nobody.stdout)["error"]["code"] == "trato.unknown_customer"


HOSTILE = [
    "",
    "null",
    "x" * 2000,
    "\udcff\udcfe",
    "'; DROP TABLE customers; --",
    "a@b@c",
    "\x1b[2J",
]


@pytest.mark.parametrize("customer", HOSTILE)
def test_hostile_customers_are_refused_in_words(sqlite_shop: Path, customer: str) -> None:
    for words in (["--identifier", "email", "--new"], []):
        done = trato("grant", "--company", sqlite_shop, *words, "--", customer, "offers")
        assert done.returncode == 3, done.stderr
        assert "Traceback" not in done.stderr
        assert "DROP TABLE" not in done.stderr
        assert "\x1b" not in done.stderr


def test_hostile_words_are_kept_as_they_were_said(sqlite_shop: Path) -> None:
    for evidence in ("\udcff", "\x1b[2J\n'; DROP TABLE permissions; --", "x" * 50_000):
        told = answer(
            "grant", ANA, "offers", "--company", sqlite_shop, "--identifier", "email", "--new",
            "--evidence", evidence,
        )  # fmt: skip
        assert told["state"] == "granted"
    assert read(sqlite_shop, told["customer"], "offers") == [ANA]


def test_a_folder_of_any_name_is_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my shop%20 #1? é"
    assert trato("init", folder).returncode == 0
    monkeypatch.chdir(folder)
    assert answer("grant", ANA, "offers", "--identifier", "email", "--new")["position"] == 1
    assert (folder / "store" / "trato.db").exists()
    assert (folder / "store").stat().st_mode & 0o777 == 0o700


def test_without_its_key_the_store_stays_closed(sqlite_shop: Path) -> None:
    words = ("grant", ANA, "offers", "--company", sqlite_shop, "--identifier", "email", "--new")
    answer(*words)
    key = sqlite_shop / "master.key"
    key.chmod(0o644)
    open_to_others = trato(*words)
    assert open_to_others.returncode == 7
    assert "chmod 600" in open_to_others.stderr
    checked = trato("check", sqlite_shop)
    assert checked.returncode == 0
    assert "others than its owner can read the master key" in checked.stdout
    written = key.read_text(encoding="ascii")
    key.write_text("A" * 43 + "=\n", encoding="ascii")
    key.chmod(0o600)
    other = trato(*words)
    assert other.returncode == 7
    assert "Traceback" not in other.stderr
    key.unlink()
    assert trato(*words).returncode == 7
    checked = trato("check", sqlite_shop)
    assert checked.returncode == 0
    assert "remarks: 1" in checked.stdout
    assert "the master key cannot be read" in checked.stdout
    assert written.strip() not in said(open_to_others) + said(other) + said(checked)


def test_init_keeps_the_key_that_is_there_and_both_out_of_git(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_text("mine", encoding="ascii")
    (tmp_path / ".gitignore").write_text("*.csv", encoding="utf-8")
    done = trato("init", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "master.key").read_text(encoding="ascii") == "mine"
    ignored = (tmp_path / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert ignored == ["*.csv", "/master.key", "/store/"]


def test_init_tells_of_the_key_and_does_not_show_it(
    sqlite_shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = trato("init", tmp_path / "other")
    key = tmp_path / "other" / "master.key"
    assert f"the master key: {key}" in done.stdout
    assert "loses the personal data" in done.stdout
    assert key.stat().st_mode & 0o777 == 0o600
    written = key.read_text(encoding="ascii").strip()
    assert written not in said(done)
    assert written != (sqlite_shop / "master.key").read_text(encoding="ascii").strip()
    monkeypatch.setenv("TRATO_MASTER_KEY", written)
    assert answer("init", tmp_path / "third")["master_key"] is None
    assert not (tmp_path / "third" / "master.key").exists()
