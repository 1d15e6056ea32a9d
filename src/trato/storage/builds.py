"""Builds in the store: written in many transactions, seen from the one that swaps the pointer on."""

from __future__ import annotations

import json
import zlib
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from trato.customers.customer import CustomerId
from trato.differentiate.known import Counted, MoneyDay
from trato.differentiate.store import PortfolioCell, PublishedBuild
from trato.errors import StorageUnavailable
from trato.storage.plain import rows_of
from trato.storage.records import Records
from trato.storage.tables.builds import build_counts, build_scores, builds, served_build
from trato.storage.tables.builds import models as kept_models
from trato.storage.tables.customers import customers, memberships
from trato.storage.tables.permissions import permission_standing
from trato.storage.upsert import in_chunks, insert_new, insert_or_replace, insert_or_replace_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from trato.differentiate.known import Score
    from trato.differentiate.store import ModelKind, ModelVersions
    from trato.identify.store import Belonging
    from trato.permission.permit import Permit

_EACH = ("build", "purpose", "customer")
_SERVED = select(served_build.c.build).scalar_subquery()
_CURRENT = (
    "SELECT b.build, b.watermark, b.published_at, b.models, b.summary FROM builds b "
    "JOIN served_build s ON s.build = b.build"
)
_FAST = 1


class BuildRecords(Records):
    """Builds, within one transaction."""

    __slots__ = ()

    def start_build(self, build: str, at: datetime, watermark: int) -> None:
        """Keep that a build of this id begins, with the log up to and including position `watermark`."""
        self._connection.execute(insert(builds).values(build=build, started_at=at, watermark=watermark))

    def put_counted(self, build: str, counted: Sequence[Counted]) -> None:
        """Keep what was counted, sealed under each customer's own key. Who is no customer is left out.

        Raises StorageUnavailable when the build was dropped meanwhile.
        """
        for chunk in in_chunks(counted):
            there = self._customers_among(one.customer for one in chunk)
            self._keyring.prepare(there)
            rows = [
                {
                    "build": build,
                    "purpose": one.purpose,
                    "customer": one.customer,
                    "sealed": self._keyring.seal_bytes(
                        one.customer, _context(build, one.purpose), _packed(one)
                    ),
                }
                for one in chunk
                if one.customer in there
            ]
            with _not_dropped(build):
                insert_or_replace_all(self._connection, build_counts, rows, keys=_EACH)

    def put_scores(self, build: str, scores: Sequence[Score]) -> None:
        """Keep the scores of a build. Who is no customer is left out. Raises as put_counted."""
        for chunk in in_chunks(scores):
            there = self._customers_among(one.customer for one in chunk)
            rows = [_score_row(build, one) for one in chunk if one.customer in there]
            with _not_dropped(build):
                insert_or_replace_all(self._connection, build_scores, rows, keys=_EACH)

    def put_model(self, version: str, kind: ModelKind, document: str) -> None:
        """Keep a model's JSON document by its version; one that is there already stays as it is."""
        row = {"version": version, "kind": kind, "document": zlib.compress(document.encode())}
        insert_new(self._connection, kept_models, row)

    def publish_build(
        self, build: str, models: Mapping[str, ModelVersions], summary: str, at: datetime
    ) -> None:
        """Make this the build that is served: the swap of one pointer, in this transaction.

        Raises StorageUnavailable when it was dropped meanwhile.
        """
        done = self._connection.execute(
            update(builds)
            .where(builds.c.build == build)
            .values(published_at=at, models=json.dumps(models), summary=summary)
        )
        if done.rowcount != 1:
            raise _dropped(build)
        insert_or_replace(self._connection, served_build, {"single": 1, "build": build}, keys=("single",))

    def drop_builds(self) -> int:
        """Drop the rows of all builds but the one that is served; how many builds. Models are kept."""
        others = self._connection.scalars(
            select(builds.c.build).where(builds.c.build.not_in(select(served_build.c.build)))
        ).all()
        for table in (build_counts, build_scores, builds):
            self._connection.execute(delete(table).where(table.c.build.in_(others)))
        return len(others)

    def current_build(self) -> PublishedBuild | None:
        """The build that is served; None before the first."""
        for build, watermark, published_at, models, summary in rows_of(self._connection, _CURRENT):
            moment = self._moment(published_at)
            return PublishedBuild(build, watermark, moment, json.loads(models), summary)
        return None

    def model_document(self, version: str) -> str:
        """The JSON document of a model. Raises StorageUnavailable when there is none of this version."""
        found = self._connection.execute(
            select(kept_models.c.document).where(kept_models.c.version == version)
        ).scalar_one_or_none()
        if found is None:
            raise StorageUnavailable(f"there is no model of version {version}", hint="build again")
        return zlib.decompress(found).decode()

    def counted_of(self, permit: Permit) -> Counted | None:
        """What the served build counted of the permit's customer for its purpose; None for nothing.

        Raises PermitVoid.
        """
        self._check(permit)
        row = self._connection.execute(
            select(build_counts.c.build, build_counts.c.sealed).where(
                build_counts.c.build == _SERVED,
                build_counts.c.purpose == permit.purpose,
                build_counts.c.customer == permit.customer,
            )
        ).one_or_none()
        if row is None:
            return None
        packed = self._keyring.open_bytes(permit.customer, _context(row.build, permit.purpose), row.sealed)
        return _unpacked(permit.customer, permit.purpose, packed)

    def portfolio(
        self, purpose: str, now: datetime, *, opt_in: bool, unit: Belonging | None = None
    ) -> Sequence[PortfolioCell]:
        """The served build's customers by need and tier, of those who permit the purpose at this moment.

        With `opt_in` they must have granted it, whatever was asked for when the build was made. Without, a
        build scored only who permitted; so who has said nothing needs not be asked, and who has must not
        have refused, nor may their yes have ended. Of those who belong to one `unit` the first brings its
        expected value, and the others are counted alone.
        """
        standing = permission_standing.c
        holds = (standing.at <= now) & or_(standing.until.is_(None), standing.until > now)
        together = memberships.c.lookup
        alone = case((together.is_(None), build_scores.c.customer))
        place = func.row_number().over(partition_by=[together, alone], order_by=build_scores.c.customer)
        theirs = (memberships.c.customer == build_scores.c.customer) & (memberships.c.kind == unit)
        each = (
            select(
                build_scores.c.need, build_scores.c.tier, build_scores.c.expected_value, place.label("place")
            )
            .select_from(_SCORES_AND_STANDING.outerjoin(memberships, theirs))
            .where(_served_for(purpose), _permits(holds, opt_in=opt_in))
            .subquery()
        )
        rows = self._connection.execute(
            select(
                each.c.need,
                each.c.tier,
                func.count(),
                func.sum(case((each.c.place == 1, each.c.expected_value), else_=0.0)),
            )
            .group_by(each.c.need, each.c.tier)
            .order_by(each.c.need, each.c.tier)
        )
        return [PortfolioCell(need, tier, count, value) for need, tier, count, value in rows]

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

        Who refused the purpose since the build is left out, and with `opt_in` who never granted it. Whether a
        grant has ended the permit says.
        """
        wanted = (
            select(build_scores.c.customer)
            .select_from(_SCORES_AND_STANDING)
            .where(_served_for(purpose), _permits(opt_in=opt_in))
            .order_by(build_scores.c.customer)
            .limit(limit)
        )
        for column, value in ((build_scores.c.need, need), (build_scores.c.tier, tier)):
            wanted = wanted if value is None else wanted.where(column == value)
        if after is not None:
            wanted = wanted.where(build_scores.c.customer > after)
        return tuple(map(CustomerId, self._connection.scalars(wanted)))

    def refresh_scores(self, build: str, scores: Sequence[Score]) -> bool:
        """Replace scores, or add new ones, in a build if it is the one that is served; whether it is.

        No other is published before the transaction ends. Who is no customer is left out.
        """
        served = select(served_build.c.build).with_for_update(read=True)
        if self._connection.scalar(served) != build:
            return False
        # In one order, so that two servers that refresh the same wait for each other and do not cross.
        self.put_scores(build, sorted(scores, key=lambda one: (one.purpose, one.customer)))
        return True

    def _customers_among(self, those: Iterable[CustomerId]) -> frozenset[str]:
        """Those of them, a thousand at most, who are customers."""
        return frozenset(
            self._connection.scalars(select(customers.c.id).where(customers.c.id.in_(sorted(set(those)))))
        )


_SCORES_AND_STANDING = build_scores.outerjoin(
    permission_standing,
    (permission_standing.c.purpose == build_scores.c.purpose)
    & (permission_standing.c.customer == build_scores.c.customer),
)


def _served_for(purpose: str) -> ColumnElement[bool]:
    return (build_scores.c.build == _SERVED) & (build_scores.c.purpose == purpose)


def _permits(*moreover: ColumnElement[bool], opt_in: bool) -> ColumnElement[bool]:
    granted = permission_standing.c.state == "granted"
    for one in moreover:
        granted &= one
    return granted if opt_in else or_(permission_standing.c.customer.is_(None), granted)


def _context(build: str, purpose: str) -> str:
    return f"counted {build} {purpose}"


def _packed(counted: Counted) -> bytes:
    document = {
        "counts": [[component, module, count] for (component, module), count in counted.counts.items()],
        "days": [[one.day.isoformat(), one.amount, one.cost, one.bought] for one in counted.days],
    }
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode(), _FAST)


def _unpacked(customer: CustomerId, purpose: str, packed: bytes) -> Counted:
    document = json.loads(zlib.decompress(packed))
    return Counted(
        customer,
        purpose,
        {(component, module): count for component, module, count in document["counts"]},
        tuple(
            MoneyDay(date.fromisoformat(day), amount, cost, bought)
            for day, amount, cost, bought in document["days"]
        ),
    )


def _score_row(build: str, score: Score) -> dict[str, Any]:
    return {
        "build": build,
        "purpose": score.purpose,
        "customer": score.customer,
        "need": score.need,
        "weight": score.weight,
        "evidence": score.evidence,
        "actual_value": score.actual_value,
        "expected_value": score.expected_value,
        "low": score.low,
        "high": score.high,
        "p_alive": score.p_alive,
        "potential": score.potential,
        "tier": score.tier,
        "as_of": score.as_of.isoformat(),
    }


@contextmanager
def _not_dropped(build: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise _dropped(build) from None


def _dropped(build: str) -> StorageUnavailable:
    return StorageUnavailable(f"the build {build} is not there: another one dropped it", hint="build again")
