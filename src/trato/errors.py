"""Every error Trato raises on purpose, in one tree. It knows no door: each door maps `exit_code` or `code`
its own way.

TratoError
├── BadInput              what was given cannot be used as it is (exit code 3)
│   ├── FileNotReadable   trato.file_not_readable    the file is missing, is a folder, or is no table
│   ├── EmptyTable        trato.empty_table          the table has no row
│   ├── UnknownColumn     trato.unknown_column       a named column is not in the table
│   ├── AmbiguousColumn   trato.ambiguous_column     dates or numbers can be read in two ways
│   ├── AmbiguousKey      trato.ambiguous_key        a look-up table says different things under one key
│   ├── NoUsableRow       trato.no_usable_row        every row was put aside
│   ├── BadDeclaration    trato.bad_declaration      a YAML file says something that cannot be meant
│   ├── BadOption         trato.bad_option           an option's value makes no sense here
│   ├── UnknownPurpose    trato.unknown_purpose      no purpose of that name is declared
│   ├── UnknownCustomer   trato.unknown_customer     no customer has that id
│   ├── UnknownConversation  trato.unknown_conversation  no such conversation is open
│   ├── BadIdentifier     trato.bad_identifier       an identifier that cannot point to anybody
│   ├── IdentifierTaken   trato.identifier_taken     an identifier points to another customer already
│   ├── BadPassword       trato.bad_password         a password that is too short or too easy to guess
│   ├── EmailTaken        trato.email_taken          somebody of the company has this e-mail already
│   ├── PermissionNotAsked  trato.permission_not_asked  the purpose leaves the customer no yes or no
│   ├── UnknownModule     trato.unknown_module       the offer has no component, module or fact of that name
│   ├── NoConfiguration   trato.no_configuration     no valid configuration keeps to what was said
│   ├── OfferTooLarge     trato.offer_too_large      the offer's rules cannot be compiled within the limits
│   ├── UnknownTalk       trato.unknown_talk         there is no guided conversation under that address
│   ├── TalkOver          trato.talk_over            the guided conversation has come further than that
│   ├── OfferChanged      trato.offer_changed        what would be accepted is not what was seen
│   ├── UnknownProgramme  trato.unknown_programme    no programme of that name is declared
│   ├── UnknownDecision   trato.unknown_decision     no decision has that id
│   ├── BadBody           trato.bad_body             what was sent cannot be read
│   └── BodyTooLarge      trato.body_too_large       more was sent than one event or request may hold
├── NotEnoughData         trato.not_enough_data      the data are sound but too few to answer (exit code 4)
├── MissingExtra          trato.missing_extra        an optional part is not installed (exit code 5)
├── NotPermitted          trato.not_permitted        personal data may not be used for this (exit code 6)
│   ├── PermissionMissing    trato.permission_missing    the customer never said yes
│   ├── PermissionWithdrawn  trato.permission_withdrawn  the customer said no, or no longer
│   ├── PermissionExpired    trato.permission_expired    the customer's yes has ended
│   ├── ConsentMissing       trato.consent_missing       a sensitive answer without explicit consent
│   └── PermitVoid           trato.permit_void           the permit was not read in this transaction
├── AccessRefused         trato.access_refused       who asks is not known here (exit code 6)
│   ├── KeyRefused        trato.key_refused          no key, or one that is unknown or was revoked
│   ├── ScopeMissing      trato.scope_missing        the key is good, but not for this
│   ├── LogInRefused      trato.log_in_refused       e-mail and password do not fit together
│   ├── SetupLinkSpent    trato.setup_link_spent     the link was used, is too old, or never was
│   ├── RoleLacking       trato.role_lacking         this is for people in another role
│   └── FormRefused       trato.form_refused         a form that the person's own session did not make
├── TooMuchAtOnce         trato.too_much_at_once     more was asked than may be for now (exit code 7)
│   └── LogInPaused       trato.log_in_paused        too many log-ins failed: wait before the next
└── StorageError          trato.storage              the store cannot serve (exit code 7)
    ├── StorageUnavailable   trato.storage_unavailable   locked, full or away for now: try again
    ├── StoreInUse           trato.store_in_use          another process has the embedded store open
    ├── StoreNotMigrated     trato.store_not_migrated    the store's tables are of another version
    └── KeyNotUsable         trato.key_not_usable        the master key is missing, wrong or open to others
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class TratoError(Exception):
    """What went wrong, where, and what to do about it.

    `code` is stable and documented; `message` is a sentence for people; `hint` is the remedy; `where` is
    `file` or `file:line`.
    """

    code: ClassVar[str] = "trato.error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None, where: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f"\n  {self.hint}" if self.hint else ""
        return f"{place}{self.message}{remedy}"

    def as_dict(self) -> dict[str, str | None]:
        """The error as plain data, for `--json` and for HTTP problems."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "where": self.where}


class BadInput(TratoError):
    """What was given cannot be used as it is."""

    code = "trato.bad_input"
    exit_code = 3


class FileNotReadable(BadInput):
    """The file is missing, is a folder, or is no table."""

    code = "trato.file_not_readable"


class EmptyTable(BadInput):
    """The table has no row."""

    code = "trato.empty_table"


class UnknownColumn(BadInput):
    """A named column is not in the table."""

    code = "trato.unknown_column"


class AmbiguousColumn(BadInput):
    """Dates or numbers can be read in two ways, and the ways differ."""

    code = "trato.ambiguous_column"


class AmbiguousKey(BadInput):
    """A look-up table says different things under one key."""

    code = "trato.ambiguous_key"


class NoUsableRow(BadInput):
    """Every row was put aside."""

    code = "trato.no_usable_row"


class BadDeclaration(BadInput):
    """A YAML file says something that cannot be meant."""

    code = "trato.bad_declaration"


class BadOption(BadInput):
    """An option's value makes no sense here."""

    code = "trato.bad_option"


class UnknownPurpose(BadInput):
    """No purpose of that name is declared."""

    code = "trato.unknown_purpose"


class UnknownCustomer(BadInput):
    """No customer has that id."""

    code = "trato.unknown_customer"


class UnknownConversation(BadInput):
    """No such conversation is open."""

    code = "trato.unknown_conversation"


class BadIdentifier(BadInput):
    """The identifier cannot point to anybody."""

    code = "trato.bad_identifier"


class IdentifierTaken(BadInput):
    """The identifier points to another customer already."""

    code = "trato.identifier_taken"


class BadPassword(BadInput):
    """The password is too short or too easy to guess."""

    code = "trato.bad_password"


class EmailTaken(BadInput):
    """Somebody of the company has this e-mail already."""

    code = "trato.email_taken"


class PermissionNotAsked(BadInput):
    """The purpose leaves the customer no yes or no."""

    code = "trato.permission_not_asked"


class UnknownModule(BadInput):
    """The offer has no component, module or fact of that name."""

    code = "trato.unknown_module"


class NoConfiguration(BadInput):
    """No valid configuration keeps to what was said."""

    code = "trato.no_configuration"


class OfferTooLarge(BadInput):
    """The offer's rules cannot be compiled within the time or the memory allowed."""

    code = "trato.offer_too_large"


class UnknownTalk(BadInput):
    """There is no guided conversation under that address."""

    code = "trato.unknown_talk"


class TalkOver(BadInput):
    """The guided conversation has come further than that."""

    code = "trato.talk_over"


class OfferChanged(BadInput):
    """What would be accepted is not what was seen."""

    code = "trato.offer_changed"


class UnknownProgramme(BadInput):
    """No programme of that name is declared."""

    code = "trato.unknown_programme"


class UnknownDecision(BadInput):
    """No decision has that id."""

    code = "trato.unknown_decision"


class BadBody(BadInput):
    """What was sent cannot be read."""

    code = "trato.bad_body"


class BodyTooLarge(BadInput):
    """More was sent than one event or one request may hold."""

    code = "trato.body_too_large"


class NotEnoughData(TratoError):
    """The data are sound but too few to answer."""

    code = "trato.not_enough_data"
    exit_code = 4


class MissingExtra(TratoError):
    """An optional part is not installed."""

    code = "trato.missing_extra"
    exit_code = 5


class NotPermitted(TratoError):
    """Personal data may not be used for this."""

    code = "trato.not_permitted"
    exit_code = 6


class PermissionMissing(NotPermitted):
    """The customer never said yes to this purpose."""

    code = "trato.permission_missing"


class PermissionWithdrawn(NotPermitted):
    """The customer said no to this purpose, or no longer."""

    code = "trato.permission_withdrawn"


class PermissionExpired(NotPermitted):
    """The customer's yes to this purpose has ended."""

    code = "trato.permission_expired"


class ConsentMissing(NotPermitted):
    """A sensitive answer came without the customer's explicit consent."""

    code = "trato.consent_missing"


class PermitVoid(NotPermitted):
    """The permit was not read from the ledger in this transaction."""

    code = "trato.permit_void"


class AccessRefused(TratoError):
    """Who asks is not known here, or may not have it."""

    code = "trato.access_refused"
    exit_code = 6


class KeyRefused(AccessRefused):
    """There is no key, or it is unknown, or it was revoked."""

    code = "trato.key_refused"


class ScopeMissing(AccessRefused):
    """The key is good, but not for this."""

    code = "trato.scope_missing"


class LogInRefused(AccessRefused):
    """E-mail and password do not fit together."""

    code = "trato.log_in_refused"


class SetupLinkSpent(AccessRefused):
    """The link was used, is too old, or never was."""

    code = "trato.setup_link_spent"


class RoleLacking(AccessRefused):
    """This is for people in another role."""

    code = "trato.role_lacking"


class FormRefused(AccessRefused):
    """The form was not made by the session that sends it."""

    code = "trato.form_refused"


class TooMuchAtOnce(TratoError):
    """More was asked than may be asked for now; `seconds` later it may be."""

    code = "trato.too_much_at_once"
    exit_code = 7

    def __init__(self, message: str, *, seconds: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint or f"try again in {seconds} s")
        self.seconds = seconds


class LogInPaused(TooMuchAtOnce):
    """Too many log-ins failed: wait before the next."""

    code = "trato.log_in_paused"


class StorageError(TratoError):
    """The store cannot serve."""

    code = "trato.storage"
    exit_code = 7


class StorageUnavailable(StorageError):
    """The store is locked, full or away for now; nothing was written, and trying again is safe."""

    code = "trato.storage_unavailable"


class StoreInUse(StorageError):
    """Another process has the embedded store open."""

    code = "trato.store_in_use"


class StoreNotMigrated(StorageError):
    """The store's tables are of another version than the program."""

    code = "trato.store_not_migrated"


class KeyNotUsable(StorageError):
    """The master key is missing, is wrong, or can be read by others."""

    code = "trato.key_not_usable"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely meant, whatever its case; None when nothing is near."""
    by_folded = {name.casefold(): name for name in reversed(list(known))}
    close = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.5)
    if close:
        return by_folded[close[0]]
    inside = [
        name for folded, name in by_folded.items() if word.casefold() in folded or folded in word.casefold()
    ]
    return inside[0] if inside else None
