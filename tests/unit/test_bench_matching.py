"""The bench of the matching engine measures what it says; how fast is not a test's business."""

from tests.bench.matching import measure


def test_the_mix_is_carried_out_command_by_command() -> None:
    figures = measure(count=2_000)
    assert figures.commands == 2_000
    assert figures.events >= figures.commands
    assert figures.p50_us <= figures.p99_us <= figures.max_us
