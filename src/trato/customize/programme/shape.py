"""The shape of `treatments.yaml`: from it come its reading, its JSON Schema and its page in the reference."""

from __future__ import annotations

from trato import shapes
from trato.customize.programme.treatments import STARTS
from trato.interact.interactions import KINDS
from trato.interact.touchpoints import CHANNELS
from trato.shapes import Choice, Either, Key, Keys, Listing, Named, Number, Text, in_languages

REPORTED = "reported"
# A decision's own contact is no outcome, and a permission is nobody's goal.
SOURCES = (REPORTED, *(kind for kind in KINDS if kind not in {"contact", "permission"}))
CONDUCTED = ("system", "person")

MOST_MONEY = 1e12
MOST_DAYS = 36_500
MOST_NOISE = 1e18

_MONEY = Number(least=0, most=MOST_MONEY)
_SHARE = Number(0, 1)

TREATMENT = Keys(
    (
        Key("label", in_languages(), "What the company's people call it.", required=True),
        Key("says", in_languages(), "What is said to the customer, where it is words."),
        Key(
            "configuration",
            Named(Text()),
            "The module of each component of the offer that it sets; it may leave others open.",
        ),
        Key(
            "attributes",
            Named(Number(), name=shapes.WORD, meant=shapes.WORD_MEANT),
            "Numbers that tell treatments apart, such as a discount; what is learned of one is lent to those "
            "that are alike. Keep them near 1.",
        ),
        Key(
            "value",
            _MONEY,
            "What one success brings, before costs. Needed where the goal is `taken`; where it is `money`, "
            "the money is its own value.",
        ),
        Key("cost", _MONEY, "What giving it costs, taken or not; 0 if nothing is said."),
        Key("cost_taken", _MONEY, "What it costs besides when it is taken; 0 if nothing is said."),
        Key("eligible", Text(), "Who may get it: a condition over facts; everybody if nothing is said."),
        Key("stock", Number(0, 1e12, whole=True), "How many there are to give; no end if nothing is said."),
        Key(
            "lever",
            Number(0, 100),
            "A manager's wish: its expected value is multiplied by it, and what that costs is measured; 1 if "
            "nothing is said.",
        ),
        Key(
            "prior",
            Keys(
                (
                    Key(
                        "rate",
                        Number(least=0, most=MOST_MONEY),
                        "The outcome that is expected of it before any evidence: a rate, or money where the "
                        "goal is money; that of the programme if nothing is said.",
                    ),
                    Key(
                        "weight",
                        Number(least=0.01, most=1e9),
                        "How many outcomes that expectation is worth; 10 if nothing is said.",
                    ),
                ),
                1,
            ),
            "What is believed of it before anybody got it.",
        ),
    )
)

MOMENT = Either(
    Choice(STARTS),
    Keys(
        (
            Key("starts", Choice(STARTS), "What starts a decision.", required=True),
            Key(
                "component",
                Text(),
                "Of which component: in which a module arrives, which runs out, or which falls due.",
            ),
            Key(
                "days",
                Number(0, MOST_DAYS, whole=True),
                "After how many days a service falls due again; within how many a promise does, 1 if nothing "
                "is said.",
            ),
            Key(
                "least",
                _SHARE,
                "Of what arrives: the least share of the customer's choices, or weight of what they want, "
                "that it fits; 0.2 if nothing is said.",
            ),
        )
    ),
)

GOAL = Keys(
    (
        Key(
            "outcome",
            Choice(("taken", "money")),
            "`taken`: yes or no, worth the treatment's value. `money`: an amount, which is its own value.",
            required=True,
        ),
        Key(
            "days",
            Number(0.001, 3_650),
            "Within how many days it counts. Before they are over, nothing is a failure.",
            required=True,
        ),
        Key(
            "source",
            Choice(SOURCES),
            "How it is known: reported for the decision, or by the customer's next interaction of a kind; "
            "`reported` if nothing is said.",
        ),
        Key("component", Text(), "Of interactions: the component that must be among what was chosen."),
        Key("module", Text(), "Of interactions: the module of that component."),
        Key(
            "arrives_within",
            Number(0, 365),
            "Within how many days of the window's end what happened in it has been told: so long nothing is "
            "learned or judged of it. 1 of interactions, 0 of what is reported if nothing is said.",
        ),
        Key(
            "value",
            _MONEY,
            "Of `taken`: what the verdict counts one success for, whatever was given, before costs. Needed "
            "for it where treatments' values differ; theirs if nothing is said.",
        ),
    )
)

FEATURE = Either(
    Text(),
    Keys(
        (
            Key("fact", Text(), "The fact's name.", required=True),
            Key(
                "levels",
                Listing(Text(), least=1),
                "Of a word: those that are told apart. Of tier, weekday, touchpoint, channel and moment all, "
                "if nothing is said.",
            ),
            Key(
                "scale",
                Number(least=1e-6, most=1e9),
                "Of a number: what it is divided by, so that it is near 1. Of money, its logarithm is.",
            ),
        )
    ),
)

PROGRAMME = Keys(
    (
        Key("label", in_languages(), "What the company's people call it.", required=True),
        Key(
            "purpose",
            Text(),
            "Why customers get its treatments: a key of `purposes.yaml`. Where the company turns to the "
            "customer, it must allow marketing contact.",
            required=True,
        ),
        Key(
            "believes",
            Text(),
            "The profiling purpose under which value, belief, history and statements are read; nothing "
            "personal is used if nothing is said.",
        ),
        Key(
            "touchpoints",
            Listing(Text(), least=1),
            "Where its treatments are given: keys of `touchpoints.yaml`.",
            required=True,
        ),
        Key("moment", MOMENT, "What starts a decision; `request` if nothing is said."),
        Key("goal", GOAL, "What is to come of it.", required=True),
        Key(
            "same_for_all",
            Text(),
            "The treatment that everybody would get if all were treated the same: what the programme must "
            "beat.",
            required=True,
        ),
        Key("starts", Text(), "The day, or the moment, from which decisions are made; at once by default."),
        Key("ends", Text(), "The last day, or the moment, until which they are; no end by default."),
        Key(
            "conducted",
            Choice(CONDUCTED),
            "Who chooses: the `system`, or first a `person`, but for the share `explore`; `system` if "
            "nothing is said.",
        ),
        Key(
            "explore",
            Number(least=0.001, most=1),
            "The share of decisions that are drawn at random, alike among all that may be given; 0.1 if "
            "nothing is said. Without it nothing can be learned or proven.",
        ),
        Key(
            "holdouts",
            Keys(
                (
                    Key("nothing", _SHARE, "The share that gets nothing."),
                    Key("same_for_all", _SHARE, "The share that gets the same for all."),
                    Key("random", _SHARE, "The share that gets any that may be given, at random."),
                ),
                1,
            ),
            "Shares of customers that stay out of the policy, always the same ones; 0.05 each if nothing is "
            "said. They prove what the programme is worth.",
        ),
        Key("budget", _MONEY, "What all of it may cost together; no end if nothing is said."),
        Key(
            "capacity",
            Number(1, 1e12, whole=True),
            "How many treatments a day may be given; no end if nothing is said.",
        ),
        Key(
            "caps",
            Listing(
                Keys(
                    (
                        Key("contacts", Number(1, 10_000, whole=True), "At most so many.", required=True),
                        Key("days", Number(1, MOST_DAYS, whole=True), "Within so many days.", required=True),
                        Key(
                            "channel",
                            Choice(CHANNELS),
                            "Counted on this channel alone; on all if nothing is said.",
                        ),
                    )
                )
            ),
            "How often a customer may be turned to for the purpose; no end if nothing is said.",
        ),
        Key(
            "fatigue",
            _MONEY,
            "The price of bothering a customer: for each contact of the last 30 days; 0 if nothing is said.",
        ),
        Key("eligible", Text(), "Who may get any of it: a condition over facts."),
        Key(
            "features",
            Listing(FEATURE),
            "The facts from which it is learned who takes what; tier, p_alive and days_since_purchase if "
            "nothing is said and `believes` is.",
        ),
        Key("fairness", Listing(Text()), "The facts whose groups are watched: who of each gets how much."),
        Key(
            "prior_rate",
            Number(least=0, most=MOST_MONEY),
            "The outcome that is expected before any evidence: a rate, 0.02 if nothing is said, or money, "
            "which has to be said.",
        ),
        Key(
            "noise",
            Number(least=1e-9, most=MOST_NOISE),
            "The variance of one outcome that is expected before any evidence; from `prior_rate` if nothing "
            "is said.",
        ),
        Key(
            "treatments",
            Named(TREATMENT, name=shapes.WORD, meant=shapes.WORD_MEANT, least=1),
            "What may be given, each under a word of your own. `nothing` is always among them, unsaid.",
            required=True,
        ),
    )
)

PROGRAMMES = Keys(
    (
        Key(
            "programmes",
            Named(PROGRAMME, name=shapes.WORD, meant=shapes.WORD_MEANT),
            "Sets of treatments with a goal, each under a word of your own.",
            required=True,
        ),
    )
)
