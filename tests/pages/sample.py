"""A small report, made up, for tests that need no data."""

from __future__ import annotations

from datetime import date

from trato.estimates import Interval
from trato.pages.report import (
    CampaignRow,
    CurvePoint,
    Evidence,
    ExperiencePart,
    Honesty,
    LadderPart,
    LadderRow,
    Lift,
    Made,
    Missed,
    Name,
    NeedRow,
    PersonPart,
    Report,
    TierRow,
    ValuePart,
    Want,
)


def named(own: str, en: str, es: str, pt: str) -> Name:
    return Name(own, "en", (("en", en), ("es", es), ("pt", pt)))


DOG_FOOD = named("DOG FOODS", "dog food", "comida para perros", "ração para cães")
EGGS = named("EGGS", "eggs", "huevos", "ovos")
TOWELS = named("PAPER TOWELS", "paper towels", "toallas de papel", "papel-toalha")
FUEL = named("FUEL", "fuel", "gasolina", "gasolina")
CARDS = Name("GREETING CARDS")
PETS = named("1", "pet owners", "dueños de mascotas", "donos de animais")
COOKS = named("2", "fresh cooks", "cocina fresca", "cozinha fresca")
TINS = Name("Can dog food - wet")

TIERS = (
    TierRow("most_valuable", 30, 9_000.0, 2_400.0, 2_500.0, Interval(80.0, 40.0, 130.0)),
    TierRow("most_growable", 50, 3_000.0, 900.0, 2_100.0, Interval(18.0, 2.0, 60.0)),
    TierRow("migrator", 120, 4_000.0, 1_200.0, 1_300.0, Interval(10.0, 0.0, 35.0)),
    TierRow("below_zero", 0, 0.0, 0.0, 0.0, Interval(0.0, 0.0, 0.0)),
)
HONESTY = Honesty(
    tests=3,
    days=91,
    customers=190,
    value_error=0.017,
    capture=0.925,
    capture_past_spend=0.898,
    difference=Interval(0.008, -0.004, 0.019),
    within=0.889,
)
CAMPAIGNS = (
    CampaignRow(
        Name("Type A"),
        campaigns=3,
        mailings=120,
        used=0.173,
        foretold=Interval(0.89, 0.88, 0.9),
        before=Interval(36.2, 33.7, 38.6),
        placebo=Interval(-3.2, -4.3, -2.2),
        change=Interval(0.0, -1.1, 1.1),
        customers=40,
        held_out=0.2,
        smallest=4.64,
        worthwhile=2.86,
        rounds=3,
    ),
)
ROWS = (
    LadderRow(DOG_FOOD, 13, 90, 900, 0.27, 0.36, 0.60, Interval(0.33, 0.30, 0.36), "one_to_one"),
    LadderRow(EGGS, 5, 150, 800, 0.52, 0.56, 0.57, Interval(0.05, 0.02, 0.07), "niche"),
    LadderRow(CARDS, 21, 60, 300, 0.52, 0.53, 0.54, Interval(0.02, -0.01, 0.05), "not_yet", 220),
    LadderRow(TOWELS, 2, 80, 400, 0.993, 0.993, 0.992, Interval(-0.001, -0.003, 0.001), "mass"),
    LadderRow(FUEL, 1, 70, 500, 1.0, 1.0, 1.0, Interval(0.0, 0.0, 0.0), "mass"),
)
PERSON = PersonPart(
    label="1234",
    tier="most_growable",
    need=PETS,
    weight=0.83,
    actual=812.4,
    expected=Interval(241.0, 62.0, 488.0),
    potential=470.0,
    alive=0.93,
    purchases=38,
    last_purchase=date(2017, 12, 28),
    facts=(named("45-54", "aged 45 to 54", "de 45 a 54 años", "de 45 a 54 anos"),),
    moved=(Evidence(DOG_FOOD, 18, 2.6),),
    wants=(
        Want(DOG_FOOD, TINS, 0.71, 0.26, 18, 24, "one_to_one"),
        Want(EGGS, Name("Eggs - large"), 0.6, 0.55, 0, 0, "niche"),
        Want(TOWELS, Name("Paper towels"), 0.99, 0.99, 3, 3, "mass"),
    ),
    missed=(Missed(EGGS, 0, 12.4), Missed(CARDS, 1, 6.0)),
)


def a_report(**changes: object) -> Report:
    """The sample, with some of its parts put in the place of the usual ones."""
    parts: dict[str, object] = {
        "company": named("shop", "A corner shop", "Una tienda de barrio", "Uma loja de bairro"),
        "currency": "USD",
        "money": "revenue",
        "first_day": date(2017, 1, 1),
        "last_day": date(2018, 1, 1),
        "horizon_days": 90,
        "baskets": 4_321,
        "value": ValuePart(
            customers=200,
            actual=16_000.0,
            expected=4_500.0,
            curve=tuple(CurvePoint(share / 20, (share / 20) ** 0.5) for share in range(21)),
            tiers=TIERS,
            honesty=HONESTY,
        ),
        "needs": (
            NeedRow(
                COOKS,
                120,
                2_500.0,
                3_000.0,
                (Lift(EGGS, 1.7, 0.51, 0.3),),
                (20, 30, 70, 0),
                (1_700.0, 500.0, 300.0, 0.0),
            ),
            NeedRow(
                PETS,
                80,
                2_000.0,
                2_900.0,
                (Lift(DOG_FOOD, 2.6, 0.26, 0.1),),
                (10, 20, 50, 0),
                (700.0, 400.0, 900.0, 0.0),
            ),
        ),
        "needs_unnamed": 0,
        "needs_drifting": 0,
        "needs_unknown": 0,
        "ladder": LadderPart(ROWS, ("DOG FOODS", "FUEL"), 0, 0.02, (0.9, 1.0), date(2017, 9, 2)),
        "experience": ExperiencePart(
            "target",
            interacts=True,
            treats=False,
            why_interacts=named("card", "It knows the card.", "Conoce la tarjeta.", "Conhece o cartão."),
            why_treats=named(
                "same", "All get the same.", "Todos reciben lo mismo.", "Todos recebem o mesmo."
            ),
        ),
        "campaigns": CAMPAIGNS,
        "person": PERSON,
        "made": Made("0.1.0", 7, 16_000, 3, ("trato value sales.csv",)),
    }
    return Report(**{**parts, **changes})  # type: ignore[arg-type]  # changes by keyword
