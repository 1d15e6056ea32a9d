"""What differentiating needs of a store: builds, published by one pointer, and their models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.differentiate.known import Counted, Score
    from trato.identify.store import Belonging
    from trato.permission.permit import Permit

ModelKind = Literal["needs", "values", "posterior", "prices", "programme"]


class ModelVersions(TypedDict):
    """The models of one purpose, by their version hashes; None where none could be learned."""

    needs: str | None
    values: str | None


@dataclass(frozen=True, slots=True)
class PublishedBuild:
    """The build that is served. `models` is by purpose; `summary` is the JSON that the build left."""

    build: str
    watermark: int
    published_at: datetime
    models: Mapping[str, ModelVersions]
    summary: str


@dataclass(frozen=True, slots=True)
class PortfolioCell:
    """Customers who share need and tier; `expected_value` is their sum, in minor units.

    Where customers belong to one household or account, they share its expected value: it counts once.
    """

    need: int
    tier: str
    customers: int
    expected_value: float


class BuildStore(Protocol):
    """One transaction, in which a build is written or read.

    A build writes in many transactions: `start_build`, then counts, scores and models in chunks, then
    `publish_build`. Nothing of it is seen before that last one, and everything after it. What an unfinished
    build left is dropped by `drop_builds`, and is never read.
    """

    def start_build(self, build: str, at: datetime, watermark: int) -> None:
        """Keep that a build of this id begins, with the log up to and including position `watermark`."""

    def put_counted(self, build: str, counted: Sequence[Counted]) -> None:
        """Keep what was counted, sealed under each customer's own key. Who is no customer is left out."""

    def put_scores(self, build: str, scores: Sequence[Score]) -> None:
        """Keep the scores of a build. Who is no customer is left out."""

    def put_model(self, version: str, kind: ModelKind, document: str) -> None:
        """Keep a model's JSON document by its version; one that is there already stays as it is."""

    def publish_build(
        self, build: str, models: Mapping[str, ModelVersions], summary: str, at: datetime
    ) -> None:
        """Make this the build that is served: the swap of one pointer, in this transaction."""

    def drop_builds(self) -> int:
        """Drop the rows of all builds but the one that is served; how many builds. Models are kept."""

    def current_build(self) -> PublishedBuild | None:
        """The build that is served; None before the first."""

    def model_document(self, version: str) -> str:
        """The JSON document of a model. Raises StorageUnavailable when there is none of this version."""

    def counted_of(self, permit: Permit) -> Counted | None:
        """What the served build counted of the permit's customer for its purpose; None for nothing."""

    def portfolio(
        self, purpose: str, now: datetime, *, opt_in: bool, unit: Belonging | None = None
    ) -> Sequence[PortfolioCell]:
        """The served build's customers by need and tier, of those who permit the purpose at this moment.

        `opt_in` says whether they must have granted it, `unit` to whom scores belong together.
        """

    def scored(
        self,
        purpose: str,
        need: int | None,
        tier: str | None,
        after: CustomerId | None,
        limit: int,
        *,
        opt_in: bool,
    ) -> tuple[CustomerId, ...]:
        """Customers of a need and a tier (any where None), sorted by id, at most `limit` behind `after`.

        Without those who refused the purpose, and with `opt_in` of those alone who granted it. Whether a
        grant has ended the permit says.
        """

    def refresh_scores(self, build: str, scores: Sequence[Score]) -> bool:
        """Replace scores, or add new ones, in a build if it is the one that is served; whether it is.

        No other is published before the transaction ends. Who is no customer is left out.
        """
