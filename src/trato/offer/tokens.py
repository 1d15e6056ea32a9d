"""Words and signs of a rule, each with where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

MOST_NESTED = 100


class NotARule(Exception):
    """A rule cannot be read on: what is wrong at which offset of its text, and the remedy."""

    def __init__(self, offset: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign; `quoted` ones are names whatever they say, and `end` is the last token's text."""

    text: str
    offset: int
    quoted: bool = False

    def __str__(self) -> str:
        return repr(self.text) if self.text else "the end"


class Tokens:
    """The tokens of a rule, taken one after the other."""

    def __init__(self, text: str, tokens: list[Token], end: int, begun: int = 0) -> None:
        """`text` begins at the offset `begun`, and `end` is where all of it ends."""
        self.text = text
        self.begun = begun
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._end = Token("", end)

    @classmethod
    def of(cls, text: str, pattern: re.Pattern[str]) -> Tokens:
        """Split a text by a pattern with the groups `string`, `word` and `sign`. Raises NotARule."""
        tokens: list[Token] = []
        offset = 0
        while offset < len(text):
            if text[offset].isspace():
                offset += 1
                continue
            found = pattern.match(text, offset)
            if found is None:
                sign = text[offset]
                odd = sign in "\"'"
                hint = "the quotation mark has no second one" if odd else "quote names with such signs"
                raise NotARule(offset, f"{sign!r} cannot stand here", hint)
            if found["string"] is not None:
                said = re.sub(r"\\(.)", r"\1", found["string"][1:-1])
                tokens.append(Token(said, offset, quoted=True))
            else:
                tokens.append(Token(found[0], offset))
            offset = found.end()
        return cls(text, tokens, len(text.rstrip()))

    @property
    def next(self) -> Token:
        """The next token, which stays."""
        return self._tokens[self._at] if self._at < len(self._tokens) else self._end

    def take(self) -> Token:
        """The next token, which is gone."""
        token = self.next
        self._at += 1
        return token

    def ahead(self, *texts: str) -> bool:
        """Whether these come next, unquoted, one after the other."""
        coming = self._tokens[self._at : self._at + len(texts)]
        return [token.text for token in coming if not token.quoted] == list(texts)

    def accept(self, *texts: str) -> Token | None:
        """The next token if it is one of these, unquoted."""
        return self.take() if not self.next.quoted and self.next.text in texts else None

    def expect(self, text: str, hint: str = "") -> Token:
        """The next token, which must be this one. Raises NotARule."""
        found = self.accept(text)
        if found is None:
            raise NotARule(self.next.offset, f"expected {text!r}, found {self.next}", hint)
        return found

    def part(self, *ends: str) -> Tokens:
        """What comes before one of `ends` outside brackets, as tokens of their own; it is taken here."""
        depth = 0
        first = self._at
        while self.next is not self._end:
            token = self.next
            if not token.quoted:
                if depth == 0 and token.text in ends:
                    break
                depth += (token.text in {"(", "[", "{"}) - (token.text in {")", "]", "}"})
            self._at += 1
        taken = self._tokens[first : self._at]
        begun = taken[0].offset if taken else self.next.offset
        return Tokens(self.text[begun : self.next.offset], taken, self.next.offset, begun)

    def end(self, signs: Collection[str]) -> None:
        """Nothing must be left. Raises NotARule."""
        token = self.next
        if token is not self._end:
            loose = token.quoted or token.text not in signs
            hint = "quote names that have blanks or other signs" if loose else ""
            raise NotARule(token.offset, f"the rule is complete before {token}", hint)

    def deeper(self) -> None:
        """One more bracket. Raises NotARule where nobody can follow any more."""
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise NotARule(self.next.offset, "this is nested too deeply to be meant", "split the rule")

    def back(self) -> None:
        """One bracket less."""
        self._depth -= 1
