"""What is read of one key of `treatments.yaml`: money, moments, conditions, facts; each fault at its line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from trato.customize.programme.eligibility import Condition, fact_name
from trato.customize.programme.shape import MOST_MONEY
from trato.interact.canonical import EXACT, Refused, in_utc
from trato.offer.tokens import NotARule, Token

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from trato.declared import Declared, Reader
    from trato.interact.interactions import Setting
    from trato.shapes import Found


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads what stands under a key; complaints go to the reader."""

    wrong: Reader
    setting: Setting

    def condition(self, said: Found, key: str) -> Condition | None:
        """A condition; None where none is said, or none that can be meant."""
        text = said.text(key)
        if not text:
            return None
        try:
            return Condition(text, self.setting.minor_units)
        except NotARule as error:
            self.wrong.complain(
                said.under(key).at,
                f"{error.message}, at character {error.offset + 1} of the condition",
                error.hint or None,
            )
            return None

    def money(self, said: Found, key: str) -> int | None:
        """An amount in minor units, exactly; None where none is said."""
        one = said.keys.get(key)
        if one is None or not isinstance(one.value, float):
            return None
        try:
            written = Decimal(one.at.text.replace("_", ""))
            if not -MOST_MONEY <= written <= MOST_MONEY:
                return None
            amount = written.scaleb(self.setting.minor_units, EXACT)
        except ArithmeticError:  # no number, or one beyond measure: that has been complained of
            return None
        if amount != amount.to_integral_value(context=EXACT):
            places = self.setting.minor_units
            self.wrong.complain(
                one.at,
                f"{one.at.text} is no amount of {self.setting.currency}",
                f"an amount has at most {places} decimal places" if places else "amounts are whole numbers",
            )
        return int(amount)

    def moment_of(self, said: Found, key: str, *, ends: bool) -> datetime | None:
        """A moment in UTC; a day is meant from its beginning in the company's zone, to its end for `ends`."""
        text = said.text(key)
        if not text:
            return None
        try:
            return _moment_in(text, self.setting.zone, ends=ends)
        except (ValueError, OverflowError, Refused):
            self.wrong.complain(
                said.under(key).at, f"{text!r} is neither a day nor a moment", "such as 2026-03-31"
            )
            return None

    def once(self, said: Found) -> None:
        """Complain of each word that stands in a list more than once."""
        often = Counter(one.text() for one in said.items if one.text())
        for one in said.items:
            if often[one.text()] > 1:
                self.wrong.complain(one.at, f"{one.text()!r} stands here more than once", "once is enough")

    def facts(self, said: Found) -> tuple[str, ...]:
        """The names of facts in a list, each once."""
        self.once(said)
        names = [self.fact(one.at, one.text()) for one in said.items]
        return tuple(dict.fromkeys(name for name in names if name))

    def fact(self, at: Declared, text: str) -> str:
        """The name of a fact; "" where there can be no such."""
        try:
            return fact_name(Token(text, 0)) if text else ""
        except NotARule as error:
            self.wrong.complain(at, error.message, error.hint)
            return ""


def whole(said: Found, key: str) -> int | None:
    """A whole number; None where none is said."""
    return int(said.number(key, 0)) if key in said.keys and said.keys[key].value is not None else None


def _moment_in(text: str, zone: ZoneInfo, *, ends: bool) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return in_utc(datetime.fromisoformat(text), zone)
    begins = datetime.combine(day + timedelta(days=1) if ends else day, time())
    return in_utc(begins, zone).astimezone(UTC)
