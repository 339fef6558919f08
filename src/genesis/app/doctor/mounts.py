"""Which file system a directory is on, by what Linux says of its mounts."""

import re
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")

NETWORKED: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "virtiofs", "vboxsf"}
)
"""Where a lock or an fsync may mean less than it says."""

IN_MEMORY: Final = frozenset({"tmpfs", "ramfs", "devtmpfs"})
"""Where nothing survives a restart of the machine."""

OF_A_CONTAINER: Final = frozenset({"overlay", "aufs"})
"""Where nothing survives the container."""


def file_system(path: Path, mounts: str) -> str:
    """Return the type of the file system that *path*, absolute and real, is on; empty where *mounts* does not say.

    *mounts* is the text of `/proc/self/mountinfo`; of mounts on one place the last one counts. Source: proc(5).
    """
    best, kind = -1, ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        words = left.split()
        if len(words) < 5 or not right:
            continue
        place = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), words[4]))
        if path.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), right.split()[0]
    return kind
