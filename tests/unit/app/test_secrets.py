"""A secret counts as long as its keeper says, survives the keeper's absence for a while, and ends with its no."""

import threading
from collections.abc import Callable

import pytest

from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.redaction.redactor import Redactor
from genesis.app.secrets import SecretResolver, secret_providers
from genesis.domain.units import Mts
from genesis.ports.errors import SecretError, SecretRefused, SecretUnavailable
from genesis.ports.secrets import FetchedSecret, Secret

ONE, TWO = Secret("the first value"), Secret("the second value")


class Keeper:
    """A provider that gives what a test says, or raises it."""

    def __init__(self) -> None:
        self.says: FetchedSecret | SecretError | Callable[[], FetchedSecret] = FetchedSecret(ONE)
        self.asked: list[str] = []

    def fetch(self, name: str) -> FetchedSecret:
        self.asked.append(name)
        if isinstance(self.says, SecretError):
            raise self.says
        return self.says() if callable(self.says) else self.says


class House:
    def __init__(self, timeout_s: float = 5.0) -> None:
        self.keeper, self.clock, self.redactor = Keeper(), ManualClock(), Redactor()
        self.resolver = SecretResolver({"op": self.keeper}, self.clock, self.redactor.register, timeout_s=timeout_s)

    def now(self) -> str:
        return self.resolver.resolve("op:a/b/c").reveal()


@pytest.fixture
def house() -> House:
    return House()


def test_a_secret_is_asked_for_once_in_five_minutes_and_a_new_one_counts_then(house: House) -> None:
    assert [house.now() for _ in range(3)] == ["the first value"] * 3
    house.keeper.says = FetchedSecret(TWO)
    house.clock.move(299)
    assert house.now() == "the first value"
    house.clock.move(2)
    assert house.now() == "the second value"
    assert house.keeper.asked == ["a/b/c"] * 2


def test_what_was_fetched_is_masked_before_anybody_has_it(house: House) -> None:
    house.now()
    assert house.redactor.text("it is the first value!") == "it is ***!"
    house.keeper.says = FetchedSecret(Secret("short"))
    house.clock.move(301)
    with pytest.raises(SecretRefused, match=r"op:a/b/c: a secret of fewer than 8"):
        house.now()


def test_g3_a_keeper_that_is_away_leaves_the_last_value_for_an_hour_and_is_not_pestered(house: House) -> None:
    house.now()
    house.keeper.says = SecretUnavailable("away", retry_after_s=60.0)
    house.clock.move(301)
    for _ in range(5):
        assert house.now() == "the first value"
    assert len(house.keeper.asked) == 2
    house.clock.move(61)
    assert house.now() == "the first value"
    assert len(house.keeper.asked) == 3
    house.clock.move(3_600 - 362)
    with pytest.raises(SecretUnavailable, match="away"):
        house.now()


def test_g3_a_value_ends_when_its_keeper_said_that_it_would_though_the_keeper_is_away(house: House) -> None:
    house.keeper.says = FetchedSecret(ONE, expires_mts=Mts(house.clock.now() + 120_000))
    assert house.now() == "the first value"
    house.keeper.says = SecretUnavailable("away")
    house.clock.move(121)
    with pytest.raises(SecretUnavailable):
        house.now()


def test_g3_a_no_ends_a_value_at_once(house: House) -> None:
    house.now()
    house.keeper.says = SecretRefused("revoked")
    house.clock.move(301)
    with pytest.raises(SecretRefused):
        house.now()
    house.keeper.says = SecretUnavailable("away")
    with pytest.raises(SecretUnavailable):
        house.now()  # the old value is forgotten


def test_g3_a_keeper_that_never_answers_is_given_up() -> None:
    house, release = House(timeout_s=0.05), threading.Event()

    def stuck() -> FetchedSecret:
        release.wait(20)
        return FetchedSecret(ONE)

    house.keeper.says = stuck
    with pytest.raises(SecretUnavailable, match=r"op:a/b/c: no answer within 0\.05 s"):
        house.now()
    release.set()


def test_a_place_that_nobody_knows_is_named(house: House) -> None:
    with pytest.raises(SecretRefused, match=r"vault: is no place .* there are op:"):
        house.resolver.resolve("vault:x")


def test_what_is_no_reference_is_the_secret_itself(house: House) -> None:
    assert house.resolver.resolved(TWO) is TWO
    assert house.resolver.resolved(Secret("op:a/b/c")) == ONE


def test_every_place_that_a_reference_can_name_has_a_provider() -> None:
    from genesis.domain.config_secrets import SCHEMES

    assert set(secret_providers(ManualClock())) == set(SCHEMES)


def test_what_is_doubted_is_asked_for_anew(house: House) -> None:
    assert house.resolver.resolve("op:a/b/c") == ONE
    house.keeper.says = FetchedSecret(TWO)
    assert house.resolver.resolve("op:a/b/c") == ONE
    house.resolver.forget("op:a/b/c")
    assert house.resolver.resolve("op:a/b/c") == TWO
