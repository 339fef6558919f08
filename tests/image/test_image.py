"""The image, built and run for real; minutes long, so only where `GENESIS_TEST_IMAGE` asks for it."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.image.engines import ROOT, Engine, find_engine
from tests.image.trial import Trial, build

TAG = "localhost/genesis:test"
BUILDER = ROOT.parent / "shared" / "tools" / "check-image"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("GENESIS_TEST_IMAGE"), reason="GENESIS_TEST_IMAGE is not set"),
]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """The engine of this machine, with the image built; one image serves all checks."""
    found = find_engine(TAG)
    if found is None:
        pytest.skip("no container engine works here")
    builder = str(BUILDER) if BUILDER.exists() and shutil.which("debootstrap") and not found.is_read_only else ""
    build(found, TAG, os.environ.get("GENESIS_PYTHON_IMAGE", ""), builder)
    yield found
    found.close()


@pytest.mark.parametrize(
    "check", [name for name in vars(Trial) if not name.startswith("_") and name not in {"run", "script", "engine"}]
)
def test_the_image_holds(engine: Engine, check: str) -> None:
    getattr(Trial(engine), check)()
