"""The demo's campaigns: a year of mailings of which nobody was left out by lot, and what they can say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.batch.engine import Column, Source
from trato.batch.writing import write_table
from trato.measure.observed import Past, observed, proposal
from trato.steps import Step

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from trato.batch.engine import Engine
    from trato.measure.observed import Observed, Proposal

HELD_OUT = 0.2
WORTHWHILE = 0.05  # of what the mailed spend: about what a mailing of coupons has to bring to pay for itself
KNOWN = ("baskets", "days_since", "mailed_before", "used_before")
LOG = Step.beside(__file__, "demo_campaigns.sql", ("spending", "campaigns", "mailings", "redemptions"))


@dataclass(frozen=True, slots=True)
class CampaignsOf:
    """All campaigns of one kind that could be judged: how many mailings there were, of what share of them a
    coupon was used, what the log says, and the hold-out that would say more. Money is spent a week.
    """

    kind: str
    campaigns: int
    mailings: int
    used: float
    said: Observed
    proposal: Proposal


def campaigns_study(engine: Engine, data: Path, out: Path, *, seed: int) -> tuple[CampaignsOf, ...]:
    """What the campaigns can say, by kind, the largest first; the log goes to `out`/campaigns.parquet."""
    _read(engine, data)
    log = engine.run(LOG)
    write_table(log, out / "campaigns.parquet")
    kinds = np.asarray(log["kind"].to_pylist())
    found = [_of_kind(log.filter(kinds == kind), str(kind), seed) for kind in np.unique(kinds)]
    return tuple(sorted(found, key=lambda one: -one.mailings))


def _of_kind(rows: pa.Table, kind: str, seed: int) -> CampaignsOf:
    mailed = _column(rows, "mailed") > 0
    past = Past(
        treated=mailed,
        during=_column(rows, "during"),
        before=_column(rows, "before"),
        earlier=_column(rows, "earlier"),
        features=np.column_stack([_column(rows, name) for name in KNOWN]),
        unit=np.unique(rows["customer"].to_pylist(), return_inverse=True)[1],
    )
    campaigns = len(set(rows["campaign"].to_pylist()))
    mailings = int(mailed.sum())
    return CampaignsOf(
        kind=kind,
        campaigns=campaigns,
        mailings=mailings,
        used=float(_column(rows, "used_a_coupon")[mailed].mean()),
        said=observed(past, seed=seed),
        proposal=proposal(
            past,
            customers=round(mailings / campaigns),
            share=HELD_OUT,
            worthwhile=WORTHWHILE * float(past.during[mailed].mean()),
        ),
    )


def _column(rows: pa.Table, name: str) -> NDArray[np.float64]:
    return np.asarray(rows[name].to_numpy(), np.float64)


def _read(engine: Engine, data: Path) -> None:
    household = Column("customer", "household_id", "text")
    campaign = Column("campaign", "campaign_id", "text")
    spending = (
        household,
        Column("at", "transaction_timestamp", "time"),
        Column("amount", "sales_value", "money"),
        Column("basket", "basket_id", "text"),
    )
    described = (
        campaign,
        Column("kind", "campaign_type", "text"),
        Column("begins", "start_date", "time"),
        Column("ends", "end_date", "time"),
    )
    engine.read(Source(data / "transactions.parquet", "spending", spending))
    engine.read(Source(data / "campaign_descriptions.parquet", "campaigns", described))
    engine.read(Source(data / "campaigns.parquet", "mailings", (household, campaign)))
    engine.read(Source(data / "coupon_redemptions.parquet", "redemptions", (household, campaign)))
