"""The shape of `offer.yaml`: what may be written in it, and what each key means."""

from __future__ import annotations

from trato.offer.offer import KINDS
from trato.shapes import Choice, Either, Key, Keys, Listing, Named, Number, Text, Truth, in_languages

MOST_OF_ONE = 1_000

_MONEY = Number(least=-1e15, most=1e15, whole=True)
_FILLED = (
    Key("price", _MONEY, "What the customer pays for it, in minor units; 0 if nothing is said."),
    Key("cost", _MONEY, "What it costs the company, in minor units; 0 if nothing is said."),
    Key("stock", Number(least=0, most=1e15, whole=True), "How many there are; no limit if nothing is said."),
    Key("sku", Text(), "The article that fulfils it."),
    Key("step", Text(), "The step that fulfils it, where no article does."),
    Key(
        "attributes",
        Named(Text()),
        "What else is known of it: numbers, which rules may add up, or words.",
    ),
)

MODULE = Keys((Key("labels", in_languages(), "What customers read."), *_FILLED))

QUANTITY = Keys(
    (
        Key("least", Number(0, MOST_OF_ONE, whole=True), "The smallest number; 0 if nothing is said."),
        Key("most", Number(1, MOST_OF_ONE, whole=True), "The largest number.", required=True),
        *_FILLED,
    )
)

COMPONENT = Keys(
    (
        Key("kind", Choice(KINDS), "What kind of thing varies; `configuration` if nothing is said."),
        Key("labels", in_languages(), "What customers read."),
        Key("optional", Truth(), "Whether it may be left out, which adds the module `none`."),
        Key("modules", Named(MODULE), "The pre-made ways to fill it, each under a name of your own."),
        Key(
            "quantity",
            QUANTITY,
            "Instead of modules: how many of one thing. Each number is a module; price, cost and attributes "
            "are those of one.",
        ),
    )
)

FACT = Keys(
    (
        Key(
            "values",
            Listing(Text(), least=1),
            "The values that it can have; of a customer of whom it is not known, it is `unknown`.",
            required=True,
        ),
        Key("labels", in_languages(), "What people read."),
        Key(
            "sensitive",
            Truth(),
            "Whether it needs explicit consent and is never inferred, such as an answer about health.",
        ),
    )
)

_TABLE = Keys(
    (
        Key("columns", Listing(Text(), least=1), "Components or facts."),
        Key("rows", Listing(Listing(Text())), "Combinations of their modules or values."),
        Key("file", Text(), "Instead: a CSV file with the columns in its first line."),
    ),
    least=1,
)

RULE = Keys(
    (
        Key("rule", Text(), "The rule, in the language of rules."),
        Key("allowed", _TABLE, "Instead: a table of the only combinations that go together."),
        Key("forbidden", _TABLE, "Instead: a table of the combinations that do not."),
        Key("why", in_languages(), "Why, as customers read it."),
    ),
    least=1,
)

OFFER = Keys(
    (
        Key("name", in_languages(), "What the offer is called."),
        Key(
            "currency", Text(pattern="[A-Z]{3}", meant="three capital letters, such as EUR"), "Of its prices."
        ),
        Key("components", Named(COMPONENT), "What can vary, each under a name of your own."),
        Key("facts", Named(FACT), "What rules may use and customers do not choose."),
        Key("rules", Named(Either(Text(), RULE)), "What must hold of every configuration, under a name."),
        Key("module_tables", Listing(Text()), "CSV files with more modules, a row each."),
        Key("rule_tables", Listing(Text()), "CSV files with more rules, a row each."),
    )
)
