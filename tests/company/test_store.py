"""`store` in company.yaml: which URLs serve, and that no secret may stand there or is repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.company.folders import FILES, shop
from trato.company.folder import examine, read_company
from trato.errors import BadOption
from trato.storage.of_company import company_store_url

if TYPE_CHECKING:
    from pathlib import Path


def with_store(folder: Path, said: str) -> Path:
    return shop(folder, company=f"{FILES['company.yaml']}store: {said}\n")


def test_the_store_is_a_file_in_the_folder_unless_said_otherwise(tmp_path: Path) -> None:
    assert company_store_url(read_company(shop(tmp_path)), {}) == f"sqlite:///{tmp_path}/store/trato.db"
    for said, meant in {
        "sqlite:///kept.db": f"sqlite:///{tmp_path}/kept.db",
        "sqlite:////srv/kept.db": "sqlite:////srv/kept.db",
        "postgresql://shop@host/trato": "postgresql://shop@host/trato",
        '"postgresql+psycopg://postgres@/trato?host=/run/pg"': "postgresql+psycopg://postgres@/trato?host=/run/pg",
    }.items():
        company = read_company(with_store(tmp_path, said))
        assert company_store_url(company, {}) == meant
        assert company_store_url(company, {"TRATO_STORE": "postgresql://a:b@c/d"}) == "postgresql://a:b@c/d"


def test_a_variable_that_is_named_comes_first(tmp_path: Path) -> None:
    company = read_company(with_store(tmp_path, "{variable: SHOP_STORE}"))
    with pytest.raises(BadOption, match=r"SHOP_STORE.* is not set"):
        company_store_url(company, {"TRATO_STORE": "postgresql://c/d"})
    both = {"TRATO_STORE": "postgresql://c/d", "SHOP_STORE": "postgresql://a:b@c/e"}
    assert company_store_url(company, both) == "postgresql://a:b@c/e"
    with pytest.raises(BadOption) as caught:
        company_store_url(company, {"SHOP_STORE": "mysql://a:hunter2@c/e"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "said",
    [
        "postgresql://shop:hunter2@host/trato",
        "postgresql+psycopg://shop:hunter2/#?@host/trato",
        "postgresql://host/trato?user=shop&PassWord=hunter2",
        "postgresql://host/trato?sslpassword=hunter2",
        "mysql://hunter2@host/trato",
        "sqlite://",
        '"sqlite:///:memory:"',
        '"sqlite:///a?mode=hunter2"',
        "hunter2",
        "{variable: 'postgresql://shop:hunter2@host/trato'}",
        "{variable: ''}",
        "{}",
        "[]",
        "",
    ],
)
def test_what_is_no_url_is_refused_and_not_repeated(tmp_path: Path, said: str) -> None:
    found = examine(with_store(tmp_path, said))
    assert not found.sound
    (fault,) = found.faults
    assert fault.where == f"{tmp_path}/company.yaml:5"
    assert "hunter2" not in str(fault)
