"""Company folders for tests."""

from __future__ import annotations

from pathlib import Path

from trato.storage.master_key import make_master_key

GROCER = Path(__file__).resolve().parents[2] / "examples" / "grocer"

FILES = {
    "company.yaml": """\
name: {en: Corner shop}
languages: [en]
currency: EUR
time_zone: Europe/Lisbon
""",
    "purposes.yaml": """\
purposes:
  service:
    labels: {en: Selling to you}
    legal_basis: contract
    profiling: true
    fields: [card]
    retention_days: 100
""",
    "touchpoints.yaml": """\
touchpoints:
  till:
    label: {en: at the till}
    channel: store
""",
    "sources.yaml": """\
tables:
  sales:
    file: sales.csv
    kind: purchase
    purposes: [service]
    touchpoint: till
    customer: {card: card_no}
    time: bought
    component: aisle
    module: product
    amount: paid
""",
    "needs.yaml": """\
needs:
- name: {en: Bakers}
  fingerprint:
    share: 0.5
    lifts:
      bread: {rye: 2}
- name: {en: Others}
""",
}

# Kept out of the folder: neither names nor an offer is needed there.
NAMES = """\
components:
  bread: {en: our bread, es: nuestro pan}
modules:
  bread: {rye: {en: dark}, wheat: {pt: claro}}
facts: {child: {en: a child}}
"""
OFFER = """\
name: {en: Boxes}
currency: EUR
components:
  bread:
    kind: configuration
    labels: {en: Bread}
    optional: true
    modules:
      rye: {price: 400, cost: 150, stock: 9, sku: B-1, attributes: {size: 1}}
      wheat: {step: bake}
  apples:
    quantity: {least: 1, most: 3, price: 50}
facts:
  age: {values: [child, adult], sensitive: true}
rules:
  fits: total size <= 3
  rye_for_all:
    rule: bread = rye -> apples >= 2
    why: {en: They taste well together.}
  pairs: {allowed: {columns: [bread, apples], rows: [[rye, 2]]}}
rule_tables: []
"""

TREATMENTS = """\
programmes:
  come_back:
    label: {en: Come back}
    purpose: offers
    believes: service
    touchpoints: [till]
    moment: {starts: arrives, component: bread, least: 0.3}
    goal: {outcome: taken, days: 14, source: purchase, component: bread, module: rye}
    same_for_all: coupon
    starts: 2026-01-01
    ends: 2026-12-31
    conducted: person
    explore: 0.2
    holdouts: {nothing: 0.1, same_for_all: 0.1, random: 0.05}
    budget: 500.50
    capacity: 100
    caps:
    - {contacts: 2, days: 30, channel: store}
    fatigue: 0.05
    eligible: tier in {MVC, MGC}
    features: [tier, {fact: days_since_purchase, scale: 7}, {fact: context.season, levels: [spring, autumn]}]
    fairness: [value.card]
    prior_rate: 0.05
    noise: 0.1
    treatments:
      coupon:
        label: {en: a coupon}
        says: {en: Come and see us.}
        configuration: {bread: rye}
        attributes: {discount: 0.1}
        value: 9.50
        cost: 0.29
        cost_taken: 1
        eligible: known need
        stock: 40
        lever: 1.5
        prior: {rate: 0.04, weight: 20}
"""

SALES = """\
card_no,bought,aisle,product,paid
1,2025-01-01 10:00,bread,rye,1.20
2,2025-01-02 11:30,bread,wheat,1.00
1,2025-02-01 12:00,milk,whole,0.90
"""


def shop(folder: Path, **changed: str | None) -> Path:
    """A company folder with a key whose check passes, but for files given anew; None leaves a file out."""
    folder.mkdir(exist_ok=True)
    if not (folder / "master.key").exists():
        make_master_key(folder / "master.key", bytes)
    (folder / "sales.csv").write_text(SALES, encoding="utf-8")
    for file, text in FILES.items():
        given = changed.get(Path(file).stem, text)
        if given is not None:
            (folder / file).write_text(given, encoding="utf-8")
    return folder


def altered(file: str, was: str, becomes: str) -> dict[str, str]:
    """One file of the folder with one part changed, to hand to `shop`."""
    assert was in FILES[file]
    return {Path(file).stem: FILES[file].replace(was, becomes, 1)}
