"""A folder is read whole, its files are checked against each other, and all faults come at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.company.folders import FILES, GROCER, OFFER, altered, shop
from trato.company.folder import examine, read_company, told_relative
from trato.errors import BadDeclaration, FileNotReadable

if TYPE_CHECKING:
    from trato.company.folder import Examined


def told(found: Examined) -> list[str]:
    """Every fault as `file:line: message (hint)`."""
    return [str(told_relative(fault, found.company.folder)) for fault in found.faults]


def test_a_sound_folder_is_read_whole(tmp_path: Path) -> None:
    company = read_company(shop(tmp_path / "shop"))
    assert company.settings.name == {"en": "Corner shop"}
    assert (company.settings.currency, company.settings.minor_units) == ("EUR", 2)
    assert (company.settings.zone.key, company.settings.unit) == ("Europe/Lisbon", "person")
    assert list(company.purposes.by_key) == ["service"]
    assert list(company.touchpoints.by_key) == ["till"]
    assert company.sources.tables["sales"].mapping.setting.zone is company.settings.zone
    assert [need.name["en"] for need in company.needs or ()] == ["Bakers", "Others"]


def test_names_of_components_and_modules_may_be_given(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    assert read_company(folder).names.component("bread", "en") == "bread"
    (folder / "names.yaml").write_text("components:\n  bread: {en: our bread, fr: pain}\n  tea: {es: té}\n")
    found = examine(folder)
    assert told(found) == [
        "names.yaml:2: unknown key 'fr' (the keys are: en, es, pt)",
        "names.yaml:3: this has no words in en (customers who speak it would read it in es)",
    ]
    assert found.company.names.component("bread", "en") == "our bread"
    assert found.company.names.component("tea", "en") == "té"


def test_the_example_is_sound() -> None:
    found = examine(GROCER)
    assert told(found) == []
    assert found.company.needs


def test_needs_may_be_missing_and_the_rest_may_not(tmp_path: Path) -> None:
    assert read_company(shop(tmp_path / "a", needs=None)).needs is None
    found = examine(shop(tmp_path / "b", company=None, sources=None))
    assert told(found) == [
        "company.yaml: this file is missing (it says: What the company says once about itself.)",
        (
            "sources.yaml: this file is missing (it says: Which tables and events say what customers did and "
            "said.)"
        ),
    ]
    (tmp_path / "b" / "source.yaml").write_text("tables: {}\n", encoding="utf-8")
    assert "sources.yaml: this file is missing (is it source.yaml? Rename it)" in told(
        examine(tmp_path / "b")
    )


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotReadable, match="there is no such folder"):
        examine(tmp_path / "nowhere")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(FileNotReadable, match="this is a file"):
        examine(tmp_path / "file")


@pytest.mark.parametrize(
    ("file", "was", "becomes", "complaint"),
    [
        (
            "sources.yaml",
            "[service]",
            "[servcie]",
            "sources.yaml:5: there is no purpose 'servcie' (did you mean 'service'?)",
        ),
        (
            "sources.yaml",
            "touchpoint: till",
            "touchpoint: tlil",
            "sources.yaml:6: there is no touchpoint 'tlil' (did you mean 'till'?)",
        ),
        (
            "sources.yaml",
            "amount: paid",
            "purpose: {from: why, values: {y: servcie}}",
            "sources.yaml:11: there is no purpose 'servcie' (did you mean 'service'?)",
        ),
        (
            "sources.yaml",
            "amount: paid",
            "purpose: {always: service}",
            "sources.yaml:11: the purpose 'service' rests on contract, which no yes or no changes",
        ),
        (
            "company.yaml",
            "currency: EUR",
            "currency: EUX",
            "company.yaml:3: EUX is no currency of ISO 4217 (check its code, or say its minor_units)",
        ),
        (
            "company.yaml",
            "currency: EUR",
            "currency: euro",
            "company.yaml:3: 'euro' cannot be meant here (expected three capital letters, such as EUR)",
        ),
        (
            "company.yaml",
            "Europe/Lisbon",
            "Lisbon",
            "company.yaml:4: there is no time zone 'Lisbon' (did you mean",
        ),
        (
            "company.yaml",
            "[en]",
            "[en, en]",
            "company.yaml:2: en stands here a second time (remove one of them)",
        ),
        (
            "company.yaml",
            "currency: EUR",
            "currency: EUR\nunit: account",
            "company.yaml:4: the unit is the account, and no source says whose account a customer acts for",
        ),
        ("needs.yaml", "Others", "Bakers", "needs.yaml:1: 2 needs are called 'Bakers'"),
        ("needs.yaml", "share: 0.5", "share: 5", "needs.yaml:4: 5 must be at least 0 and at most 1"),
        (
            "purposes.yaml",
            "contract",
            "contrat",
            "purposes.yaml:4: 'contrat' is not one of consent, contract",
        ),
        (
            "purposes.yaml",
            "profiling: true",
            "marketing_contact: true",
            "purposes.yaml:5: marketing contact needs consent, and 'service' rests on contract",
        ),
        ("touchpoints.yaml", "channel: store", "chanel: store", "touchpoints.yaml:4: unknown key 'chanel'"),
    ],
)
def test_each_fault_has_its_line_and_a_remedy(
    tmp_path: Path, file: str, was: str, becomes: str, complaint: str
) -> None:
    found = examine(shop(tmp_path / "shop", **altered(file, was, becomes)))
    assert any(one.startswith(complaint) for one in told(found)), told(found)
    assert not found.sound


@pytest.mark.parametrize(
    ("file", "was", "becomes", "remark"),
    [
        (
            "company.yaml",
            "[en]",
            "[en, pt]",
            "company.yaml:1: this has no words in pt (customers who speak it would read it in en)",
        ),
        (
            "sources.yaml",
            "amount: paid",
            "amount: paid\n    values: {name: nick}",
            "sources.yaml:12: 'name' is never kept: none of the source's purposes has it among its fields",
        ),
        (
            "purposes.yaml",
            "profiling: true",
            "profiling: false",
            "sources.yaml:2: 'sales' is to move beliefs, and none of its purposes allows profiling",
        ),
    ],
)
def test_what_may_be_meant_is_a_remark(
    tmp_path: Path, file: str, was: str, becomes: str, remark: str
) -> None:
    found = examine(shop(tmp_path / "shop", **altered(file, was, becomes)))
    assert any(one.startswith(remark) for one in told(found)), told(found)
    assert found.sound


def test_all_faults_come_at_once_in_the_order_of_the_files(tmp_path: Path) -> None:
    changed = {
        **altered("company.yaml", "currency", "currncy"),
        **altered("sources.yaml", "touchpoint: till", "touchpoint: tlil"),
        **altered("purposes.yaml", "labels", "lables"),
        **altered("touchpoints.yaml", "store", "shop"),
    }
    folder = shop(tmp_path / "shop", **changed)
    with pytest.raises(BadDeclaration) as raised:
        read_company(folder)
    shown = raised.value.message.splitlines()
    assert shown[0] == "6 things cannot be meant"
    files = [Path(line.split(":")[0]).name for line in shown[1:]]
    assert files == ["company.yaml"] * 2 + ["purposes.yaml"] * 2 + ["touchpoints.yaml", "sources.yaml"]


HOSTILE = {
    "two of a key": "name: {en: a}\nname: {en: b}\n",
    "an anchor to itself": "name: &a {en: *a}\n",
    "no such anchor": "name: *nothing\n",
    "a bomb": "a0: &a0 [x]\n"
    + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40)),
    "10 MB": "name: {en: a}\n" + "# nothing\n" * 1_000_000,
    "deep lists": "[" * 50_000,
    "deep keys": "\n".join(" " * depth + "a:" for depth in range(1200)),
    "a tag": "name: !!python/object/apply:os.system [ls]\n",
    "two documents": "name: a\n---\nname: b\n",
    "a list": "- a\n",
    "a word": "a\n",
    "a number": "7\n",
    "nothing": "",
    "a tab": "name:\n\ten: a\n",
    "a merge": "<<: {a: 1}\n",
    "a key that is a list": "? [a, b]\n: c\n",
    "a bell": "name: \x07\n",
    "a binary": "name: !!binary aGVsbG8=\n",
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_give_clear_complaints_and_no_traceback(tmp_path: Path, file: str, text: str) -> None:
    found = examine(shop(tmp_path / "shop", **{Path(file).stem: text}))
    assert not found.sound
    of_file = [fault for fault in found.faults if fault.file.endswith(file)]
    assert of_file
    assert len(of_file) < 60
    assert all(fault.message and "Traceback" not in fault.message for fault in of_file)


PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    *("name", "en", "languages", "currency", "time_zone", "unit", "tables", "events"),
                    *("sales", "file", "kind", "purposes", "service", "touchpoint", "customer", "time"),
                    *("from", "always", "values", "look_ups", "on", "needs", "fingerprint", "lifts"),
                    *("touchpoints", "label", "channel", "labels", "fields", "Order"),
                ]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=20,
)


@settings(max_examples=150)
@given(file=st.sampled_from(sorted(FILES)), value=PLAIN)
def test_whatever_a_file_says_is_read_without_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, file: str, value: object
) -> None:
    import yaml

    folder = tmp_path_factory.mktemp("shop")
    text = yaml.safe_dump(value, allow_unicode=True)
    found = examine(shop(folder, **{Path(file).stem: text}))
    assert all(fault.message for fault in found.faults)


@settings(max_examples=100)
@given(file=st.sampled_from(sorted(FILES)), noise=st.binary(max_size=60), at=st.floats(0, 1))
def test_noise_in_a_file_is_read_without_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, file: str, noise: bytes, at: float
) -> None:
    folder = shop(tmp_path_factory.mktemp("shop"))
    raw = (folder / file).read_bytes()
    place = int(at * len(raw))
    (folder / file).write_bytes(raw[:place] + noise + raw[place:])
    assert all(fault.message for fault in examine(folder).faults)


def test_an_offer_is_read_with_the_folder(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    assert read_company(folder).offer is None
    (folder / "offer.yaml").write_text(OFFER, encoding="utf-8")
    offer = read_company(folder).offer
    assert offer is not None
    assert [component.name for component in offer.components] == ["bread", "apples"]
    wrong = OFFER.replace("rule_tables: []", "rule_tables: [none.csv]")
    (folder / "offer.yaml").write_text(wrong, encoding="utf-8")
    assert ["none.csv: cannot be read" in fault.message for fault in examine(folder).faults] == [True]
    (folder / "offer.yaml").write_text(OFFER.replace("bread = rye", "bred = rye"), encoding="utf-8")
    assert (18, "there is no component or fact 'bred'") in {
        (fault.line, fault.message) for fault in examine(folder).faults
    }
