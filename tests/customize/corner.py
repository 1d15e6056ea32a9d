"""A corner shop whose customers talk to it: its folder, its store, and a model whose needs are planted.

Two needs, bakers and others, want different bread; all want the same milk, as all want the same petrol.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from tests.company.folders import shop
from trato.batch.guides import guides_of
from trato.company.folder import read_company
from trato.customers.identifiers import identifier
from trato.customers.register import RegisterCustomer, register_customer
from trato.customize.known import known_of
from trato.customize.models import Models
from trato.customize.sections import Asked
from trato.differentiate.known import Counted, MoneyDay
from trato.differentiate.needs.beliefs import NeedsModel
from trato.differentiate.needs.stored_model import as_document
from trato.interact.interactions import Interaction
from trato.interact.log import NewEntry
from trato.interact.touchpoints import Touchpoint
from trato.permission.give import (
    GivePermission,
    RefusePermission,
    deny_permission,
    give_permission,
    withdraw_permission,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trato.batch.engine import Engine
    from trato.company.folder import Company
    from trato.customers.customer import CustomerId
    from trato.customize.guide.guides import Guides
    from trato.customize.sections import KnownCustomer
    from trato.storage.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

COMPANY = """\
name: {en: Corner shop, es: La tienda de la esquina, pt: A loja da esquina}
languages: [es, en]
currency: EUR
time_zone: Europe/Madrid
offer: {questions: questions.yaml, purpose: advice}
"""
OFFER = """\
name: {en: Your breakfast, es: Su desayuno, pt: O seu café da manhã}
components:
  bread:
    labels: {en: bread, es: pan, pt: pão}
    modules:
      rye: {labels: {en: rye, es: de centeno, pt: de centeio}, price: 300, sku: B-1}
      spelt: {labels: {en: spelt, es: de espelta, pt: de espelta}, price: 350, sku: B-2}
      wheat: {labels: {en: wheat, es: de trigo, pt: de trigo}, price: 200, sku: B-3}
      corn: {labels: {en: corn, es: de maíz, pt: de milho}, price: 400, sku: B-4}
  milk:
    optional: true
    labels: {en: milk, es: leche, pt: leite}
    modules:
      skimmed: {labels: {en: skimmed, es: desnatada, pt: desnatado}, price: 100, step: pour_skimmed}
      whole: {labels: {en: whole, es: entera, pt: integral}, price: 110, step: pour_whole}
  honey:
    optional: true
    labels: {en: honey, es: miel, pt: mel}
    modules:
      jar: {labels: {en: a jar, es: un frasco, pt: um pote}, price: 500, sku: H-1}
facts:
  gluten: {values: [yes, no], sensitive: true, labels: {en: gluten, es: gluten, pt: glúten}}
rules:
  no_gluten: gluten = no -> bread = corn
  honey_with_milk: honey = jar -> milk in {skimmed, whole}
"""
QUESTIONS = """\
questions:
  hungry:
    ask: {en: "Are you hungry?", es: "¿Tiene hambre?", pt: "Você está com fome?"}
    answers:
      very: {label: {en: very, es: mucha, pt: muita}, likes: {honey: {jar: 4}}}
      little: {label: {en: a little, es: poca, pt: pouca}, likes: {honey: {jar: 0.2}}}
  gluten:
    effort: 0.1
    ask: {en: "May you eat gluten?", es: "¿Puede comer gluten?", pt: "Você pode comer glúten?"}
    answers:
      yes: {label: {en: yes, es: sí, pt: sim}, share: 0.9, facts: {gluten: yes}}
      no: {label: {en: no, es: no, pt: não}, share: 0.1, facts: {gluten: no}}
"""
TREATMENTS = """\
programmes:
  loaves:
    label: {en: A loaf to try, es: Un pan para probar, pt: Um pão para provar}
    purpose: service
    believes: advice
    touchpoints: [till, web]
    goal: {outcome: taken, days: 14, value: 4.00}
    same_for_all: rye
    explore: 0.2
    holdouts: {nothing: 0, same_for_all: 0, random: 0}
    budget: 9.00
    caps: [{contacts: 5, days: 30}]
    fatigue: 0.01
    features: [tier, {fact: wants.bread, levels: [rye, wheat]}]
    treatments:
      rye:
        label: {en: half a loaf of rye, es: medio pan de centeno, pt: meio pão de centeio}
        says: {en: "Try our rye.", es: "Pruebe el centeno.", pt: "Prove o centeio."}
        configuration: {bread: rye}
        value: 4.00
        cost: 0.05
        cost_taken: 1.00
        prior: {rate: 0.4, weight: 20}
      wheat:
        label: {en: half a loaf of wheat, es: medio pan de trigo, pt: meio pão de trigo}
        configuration: {bread: wheat}
        value: 3.00
        cost: 0.05
        eligible: tier != below_zero
        stock: 100
"""
PURPOSES = """\
purposes:
  service:
    labels: {en: Serving you, es: Servirle, pt: Servir}
    legal_basis: consent
    fields: [name, email, language]
    retention_days: 100
  advice:
    labels: {en: Advising you, es: Aconsejarle, pt: Aconselhar}
    legal_basis: consent
    profiling: true
    fields: [card]
    retention_days: 100
  analysis:
    labels: {en: Knowing our shop, es: Conocer la tienda, pt: Conhecer a loja}
    legal_basis: legitimate_interests
    profiling: false
    fields: []
    retention_days: 100
"""
TOUCHPOINTS = """\
touchpoints:
  till:
    label: {en: at the till, es: en la caja, pt: no caixa}
    channel: store
  web:
    label: {en: on the web, es: en la web, pt: na web}
    channel: web
  letter:
    label: {en: by e-mail, es: por correo, pt: por e-mail}
    channel: email
"""
NEEDS = """\
needs:
- name: {en: Bakers, es: Panaderos, pt: Padeiros}
  fingerprint:
    share: 0.5
    lifts:
      bread: {rye: 1.7, wheat: 0.3}
"""
SOURCES = """\
tables:
  sales:
    file: sales.csv
    kind: purchase
    purposes: [service, advice]
    touchpoint: till
    customer: {card: card_no}
    time: bought
    component: aisle
    module: product
    amount: paid
events:
  Order Completed:
    kind: purchase
    purposes: [service, advice]
    touchpoint: web
    customer: {card: userId}
    time: timestamp
    component: properties.products[].category
    module: properties.products[].name
    amount: properties.products[].price
  Told Us:
    kind: statement
    purposes: [advice]
    touchpoint: web
    customer: {card: userId}
    time: timestamp
    component: properties.category
    module: properties.name
    statement: properties.words
    stance: properties.stance
"""

# Rye for the one, wheat for the other; whole milk for both. What the shop sells beside them teaches nothing.
COMPONENTS = ("bread", "milk")
MODULES = (("rye", "spelt", "wheat"), ("skimmed", "whole"))
PROFILES = np.array([[0.8, 0.1, 0.1, 0.3, 0.7], [0.1, 0.1, 0.8, 0.3, 0.7]])


def needs_model(shares: tuple[float, ...] = (0.5, 0.5)) -> NeedsModel:
    return NeedsModel(
        components=COMPONENTS,
        modules=MODULES,
        shares=np.array(shares),
        log_profiles=np.log(PROFILES),
        habit=np.array([10.0, 10.0]),
        trust=np.array([5.0, 5.0]),
    )


def company(folder: Path, **changed: str) -> Company:
    pages = {
        "company": COMPANY,
        "purposes": PURPOSES,
        "touchpoints": TOUCHPOINTS,
        "needs": NEEDS,
        "sources": SOURCES,
    }
    written = shop(folder, **{**pages, **changed})
    (written / "offer.yaml").write_text(OFFER, encoding="utf-8")
    (written / "questions.yaml").write_text(QUESTIONS, encoding="utf-8")
    (written / "treatments.yaml").write_text(TREATMENTS, encoding="utf-8")
    return read_company(written)


def guides(company: Company) -> Guides | None:
    """The guide of a company's offer, without history."""
    return guides_of(company, (), engine=cast("Engine", None), draw=np.random.default_rng(7))


def money(day: int, amount: int) -> MoneyDay:
    return MoneyDay(date(2026, 1, 1) + timedelta(days=day), amount, None, True)


@dataclass(slots=True)
class Corner:
    """The shop open for business; every method is a small story."""

    company: Company
    store: Store
    models: Models = field(default_factory=Models)

    def meet(self, name: str = "Ana Prado", **values: str) -> CustomerId:
        word = name.split(maxsplit=1)[0].lower()
        pointing = (identifier("email", f"{word}@example.org"), identifier("card", f"card of {word}"))
        request = RegisterCustomer(pointing, {"name": name, **values})
        return self.store.write(
            lambda it: register_customer(it, request, now=NOW, draw=secrets.token_bytes)
        ).id

    def grant(
        self,
        who: CustomerId,
        *purposes: str,
        at: datetime = NOW,
        until: datetime | None = None,
        recorded_at: datetime | None = None,
    ) -> None:
        written = recorded_at or at
        for key in purposes or ("service", "advice"):
            said = GivePermission(
                who, self.company.purposes.named(key), "web", "form", "the evidence", at, until
            )
            self.store.write(lambda it, said=said: give_permission(it, said, now=written))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda

    def refuse(self, who: CustomerId, *purposes: str, at: datetime = NOW, deny: bool = False) -> None:
        verb = deny_permission if deny else withdraw_permission
        for key in purposes:
            said = RefusePermission(who, self.company.purposes.named(key), "web", "desk", "the evidence", at)
            self.store.write(lambda it, said=said: verb(it, said, now=at))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda

    def does(
        self,
        who: CustomerId,
        module: str = "rye",
        component: str = "bread",
        *,
        purposes: tuple[str, ...] = (),
        **said: Any,
    ) -> None:
        one = Interaction(
            source="till",
            kind="purchase",
            record=secrets.token_hex(8),
            identifiers=(),
            household=None,
            account=None,
            at=NOW,
            touchpoint=Touchpoint("till", "store", "Madrid"),
            component=component,
            module=module,
            more_choices=(),
            count=1,
            amount=150,
            cost=None,
            statement=None,
            stance=None,
            learns=True,
        )
        entry = NewEntry(who, replace(one, **said), 0, purposes or ("service", "advice"), NOW)
        self.store.write(lambda it: it.append_interactions([entry]))

    def says(self, who: CustomerId, words: str, stance: str | None, module: str, **said: Any) -> None:
        self.does(
            who, module, kind="statement", statement=words, stance=stance, learns=False, amount=None, **said
        )

    def build(
        self,
        counted: Mapping[CustomerId, Mapping[tuple[str, str], int]],
        *,
        days: Mapping[CustomerId, tuple[MoneyDay, ...]] | None = None,
        values: str | None = None,
        model: NeedsModel | None = None,
    ) -> str:
        """Publish a build that counted so, up to the log as it stands; returns its id."""
        import json

        learned = model or needs_model()
        name = secrets.token_hex(4)

        def publish(it: Any) -> None:
            it.start_build(name, NOW, it.log_watermark())
            it.put_model(learned.version, "needs", json.dumps(as_document(learned)))
            rows = [
                Counted(who, "advice", counts, (days or {}).get(who, ())) for who, counts in counted.items()
            ]
            it.put_counted(name, rows)
            it.publish_build(name, {"advice": {"needs": learned.version, "values": values}}, "{}", NOW)

        self.store.write(publish)
        return name

    def known(self, who: CustomerId, *sections: str, now: datetime = NOW, **wish: Any) -> KnownCustomer:
        asked = Asked(frozenset(sections), **wish) if sections else Asked(**wish)  # type: ignore[arg-type]  # changes by keyword
        settings = self.company.settings
        return self.store.read(
            lambda it: known_of(
                it,
                who,
                asked,
                purposes=self.company.purposes,
                touchpoints=self.company.touchpoints,
                unit=settings.unit,
                zone=settings.zone,
                names=self.company.needs or (),
                models=self.models,
                now=now,
            )
        )
