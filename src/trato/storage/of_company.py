"""The store and the master key of a company folder: where both lie, made and opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from trato.company.folder import Fault
from trato.errors import BadOption, FileNotReadable, KeyNotUsable, StorageUnavailable
from trato.storage.address import store_url
from trato.storage.master_key import ENVIRONMENT, make_master_key, read_master_key
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trato.company.folder import Company
    from trato.storage.store import Store

STORE_VARIABLE = "TRATO_STORE"
KEY_FILE = "master.key"
# Neither may come into a repository: what is kept of customers, and what opens it.
_KEPT_OUT = (f"/{KEY_FILE}", "/store/")


def company_store_url(company: Company, environment: Mapping[str, str]) -> str:
    """The URL of a company's store, that of a file with its whole path.

    The variable that company.yaml names comes first, then TRATO_STORE, then the URL that stands there.
    Raises BadOption when the variable is not set or the URL is none that serves; it never shows the URL.
    """
    variable = company.settings.store_variable
    if variable and not environment.get(variable):
        raise BadOption(
            f"the environment variable {variable}, which company.yaml names for the store, is not set",
            hint="set it to the store's URL",
        )
    url = environment[variable] if variable else environment.get(STORE_VARIABLE) or company.settings.store
    parsed = store_url(url)
    if parsed.get_backend_name() != "sqlite":
        return url
    file = company.folder.resolve() / str(parsed.database)
    return f"sqlite:///{quote(str(file))}"


def open_company_store(company: Company, environment: Mapping[str, str]) -> Store:
    """Open a company's store, as open_store; the folder of a file is made where it is missing.

    Raises as open_store, company_store_url and read_master_key.
    """
    url = company_store_url(company, environment)
    parsed = store_url(url)
    key = read_master_key(company.folder / KEY_FILE, environment)
    if parsed.get_backend_name() == "sqlite":
        folder = Path(str(parsed.database)).parent
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StorageUnavailable(
                f"the store's folder cannot be made: {error.strerror}", where=str(folder)
            ) from None
    return open_store(url, key)


def make_company_key(
    folder: Path, environment: Mapping[str, str], draw: Callable[[int], bytes]
) -> Path | None:
    """Make the master key of a company folder, unless it is there, and keep key and store out of git.

    Returns its file, None where the environment holds the key. `draw` gives that many random bytes, such as
    `secrets.token_bytes`. Raises KeyNotUsable, and FileNotReadable when .gitignore cannot be written.
    """
    ignored = folder / ".gitignore"
    try:
        there = ignored.read_text(encoding="utf-8", errors="replace") if ignored.exists() else ""
        missing = [line for line in _KEPT_OUT if line not in there.splitlines()]
        if missing:
            with ignored.open("a", encoding="utf-8") as file:
                file.write("\n" * (there != "" and not there.endswith("\n")) + "\n".join(missing) + "\n")
    except OSError as error:
        raise FileNotReadable(f"it cannot be written: {error.strerror}", where=str(ignored)) from None
    if environment.get(ENVIRONMENT):
        return None
    key = folder / KEY_FILE
    if not key.exists():
        make_master_key(key, draw)
    return key


def key_fault(folder: Path, environment: Mapping[str, str]) -> Fault | None:
    """What is wrong with a company folder's master key, as a remark; None where it can be used."""
    file = folder / KEY_FILE
    try:
        read_master_key(file, environment)
    except KeyNotUsable as error:
        hint = error.hint
        if not file.exists():
            hint = f"{hint}; for a new store: (umask 077; openssl rand -base64 32 > {KEY_FILE})"
        return Fault(str(file), None, error.message, hint, grave=False)
    return None
