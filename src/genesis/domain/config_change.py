"""Whether a change of the configuration is made, waits for a person, or is refused: decided from the history alone.

A change names the version that it was made from. If another one is in force by now, nobody's work is lost: the answer
says what the other one did and what this one would still do.
"""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from genesis.domain.config_diff import Change, diff
from genesis.domain.config_effects import Danger, confirmation_phrase, dangers, waiting_paths
from genesis.domain.config_history import ConfigVersion, History, apply_entry, document_hash, propose_entry
from genesis.domain.json_value import JsonObject
from genesis.domain.units import Mts

COOL_OFF_MS: Final = 60_000
PROPOSAL_LIFE_MS: Final = 3_600_000
"""A proposal older than this is made anew: who returns the next day has forgotten what it was about."""

_PATHS_MAX: Final = 100


@frozen
class Wish:
    """A document that shall be in force, from the version that its author saw.

    *expected_hash* is compared where it is given. *confirmation* is the typed phrase, empty at the first try.
    """

    document: JsonObject
    expected_version: int
    expected_hash: str | None
    confirmation: str
    who: str
    reason: str
    rolled_back_to: int | None = None


@frozen
class Apply:
    """The change is made once *entry* is durable."""

    entry: JsonObject
    version: ConfigVersion
    changes: Sequence[Change]
    waiting: Sequence[str]


@frozen
class Unchanged:
    """The document is in force already."""

    version: ConfigVersion


@frozen
class Stale:
    """Another version is in force: *theirs* led to it from the expected one, *yours* would lead on from it.

    *theirs* is None where the expected version was never there.
    """

    current: ConfigVersion
    theirs: Sequence[Change] | None
    yours: Sequence[Change]


@frozen
class Unconfirmed:
    """A person has to type *phrase*, not before *ready_mts*; *is_wrong* if another one was typed."""

    phrase: str
    dangers: Sequence[Danger]
    ready_mts: Mts
    is_wrong: bool


@frozen
class Propose:
    """*entry* notes since when the change is wanted; the answer is *unconfirmed*."""

    entry: JsonObject
    unconfirmed: Unconfirmed


Decision = Apply | Unchanged | Stale | Unconfirmed | Propose


def decide(history: History, wish: Wish, now: Mts, cool_off_ms: int = COOL_OFF_MS) -> Decision:
    """Return what becomes of *wish* at the time *now*."""
    current = history.current
    changes = diff(current.document, wish.document)
    if wish.expected_version != current.number or wish.expected_hash not in (None, current.hash):
        expected = history.version(wish.expected_version)
        if expected is None or wish.expected_hash not in (None, expected.hash):
            return Stale(current, None, changes)
        return Stale(current, diff(expected.document, current.document), changes)
    if not changes:
        return Unchanged(current)
    found = document_hash(wish.document)
    unconfirmed = _unconfirmed(history, wish, found, dangers(changes), now, cool_off_ms)
    if unconfirmed is not None:
        return unconfirmed
    version = ConfigVersion(current.number + 1, found, wish.document, now, wish.who, wish.reason, wish.rolled_back_to)
    paths = [change.path for change in changes[:_PATHS_MAX]]
    return Apply(apply_entry(version, current, paths), version, changes, waiting_paths(changes))


def _unconfirmed(
    history: History, wish: Wish, found: str, dangerous: Sequence[Danger], now: Mts, cool_off_ms: int
) -> Unconfirmed | Propose | None:
    if not dangerous:
        return None
    phrase = confirmation_phrase(dangerous)
    is_wrong = wish.confirmation not in ("", phrase)
    proposal = history.proposal(found)
    # A clock that was set back makes the proposal look younger than nothing: then it is made anew, and waited for.
    if proposal is None or not 0 <= now - proposal.mts <= PROPOSAL_LIFE_MS:
        entry = propose_entry(history.current, found, phrase, wish.who, wish.reason)
        return Propose(entry, Unconfirmed(phrase, dangerous, Mts(now + cool_off_ms), is_wrong))
    ready = Mts(proposal.mts + cool_off_ms)
    if wish.confirmation == phrase and now >= ready:
        return None
    return Unconfirmed(phrase, dangerous, ready, is_wrong)
