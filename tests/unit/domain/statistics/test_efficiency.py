"""What the tests of a walk-forward kept of what training promised."""

import pytest

from genesis.domain.statistics.walk_forward import efficiency


@pytest.mark.parametrize(
    ("trained", "tested", "kept"),
    [
        ([2.0, 2.0], [1.0, 1.0], 0.5),
        ([2.0, 2.0], [2.0, None], 0.5),
        ([2.0, None], [1.0, 1.0], 1.0),
        ([2.0, 2.0], [None, None], 0.0),
        ([None, -1.0], [1.0, 1.0], None),
    ],
)
def test_a_window_that_was_idle_counts_as_nothing(
    trained: list[float | None], tested: list[float | None], kept: float | None
) -> None:
    assert efficiency(trained, tested) == kept
