"""Container engines, as far as a trial of the image needs them: build it, and run commands in it on one data folder."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from attrs import field, frozen

ROOT: Final = Path(__file__).parents[2]
READ_ONLY: Final = (
    *("--read-only", "--tmpfs", "/tmp:size=256m,mode=1777", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--network", "host"),
)

AS_DOCKER: Final = {"BUILDAH_FORMAT": "docker"}
"""For Buildah and Podman, whose own format has no health check: it would be left out."""


class Engine(Protocol):
    """One way to build and to run; the words of `command` start a process that lives as long as its container."""

    @property
    def is_read_only(self) -> bool:
        """Whether it enforces a read-only root file system."""

    def build(self, tag: str, base: str) -> None:
        """Build the image of this checkout; an empty *base* leaves the Python image to the Dockerfile."""

    def command(self, words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """Return what runs *words* in the image, on the trial's data folder and the host's network."""

    def close(self) -> None:
        """Take away what the trial made, but for the image."""


@frozen
class Docker:
    """Docker or Podman, with the root file system read-only."""

    program: str
    tag: str
    volume: str = field(default=f"genesis-trial-{os.getpid()}")
    is_read_only: bool = True

    def build(self, tag: str, base: str) -> None:
        argument = ["--build-arg", f"PYTHON_IMAGE={base}"] if base else []
        environment = {**AS_DOCKER, **os.environ}
        subprocess.run([self.program, "build", *argument, "--tag", tag, str(ROOT)], check=True, env=environment)

    def command(self, words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        settings = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        mounts = ["--volume", f"{self.volume}:/data"]
        entry = ["--entrypoint", words[0], self.tag, *words[1:]]
        return [self.program, "run", "--rm", "--init", *READ_ONLY, *mounts, *settings, *entry]

    def close(self) -> None:
        subprocess.run([self.program, "volume", "rm", "--force", self.volume], check=False, capture_output=True)


@frozen
class Buildah:
    """Buildah, which needs no service; in a chroot it shares the host's network and does not enforce read-only.

    All runs share one container, and with it the image's volume.
    """

    tag: str
    containers: list[str] = field(factory=list)
    is_read_only: bool = False

    def build(self, tag: str, base: str) -> None:
        argument = ["--build-arg", f"PYTHON_IMAGE={base}"] if base else []
        subprocess.run(["buildah", "build", *argument, "--tag", tag, str(ROOT)], check=True, env=buildah_environment())

    def command(self, words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        if not self.containers:
            made = subprocess.run(
                ["buildah", "from", self.tag], check=True, capture_output=True, text=True, env=buildah_environment()
            )
            self.containers.append(made.stdout.strip())
        settings = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        return ["buildah", "run", *settings, self.containers[0], "--", *words]

    def close(self) -> None:
        for container in self.containers:
            subprocess.run(["buildah", "rm", container], check=False, capture_output=True, env=buildah_environment())


def buildah_environment() -> dict[str, str]:
    """Return the environment in which buildah needs neither a kernel module nor a service."""
    return {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot", **AS_DOCKER, **os.environ}


def find_engine(tag: str) -> Engine | None:
    """Return the engine of this machine, None where there is none that works."""
    for program in ("docker", "podman"):
        if (
            shutil.which(program)
            and subprocess.run([program, "info"], check=False, capture_output=True).returncode == 0
        ):
            return Docker(program, tag)
    return Buildah(tag) if shutil.which("buildah") and os.geteuid() == 0 else None
