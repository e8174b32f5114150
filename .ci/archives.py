"""Archives whose bytes do not depend on the time, place and user of packing.

All files get the date ``SOURCE_DATE_EPOCH``, seconds since 1970, or else a fixed date.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Iterable
from pathlib import Path

WHEN = int(os.environ.setdefault("SOURCE_DATE_EPOCH", "1577836800"))  # the year 2020

Entry = tuple[tarfile.TarInfo, bytes]


def unpack(archive: Path) -> list[Entry]:
    """Return the files of an archive; folders follow from their names."""
    with tarfile.open(archive) as packed:
        members = [member for member in packed.getmembers() if member.isfile()]
        return [(member, packed.extractfile(member).read()) for member in members]


def write(archive: Path, entries: Iterable[Entry]) -> None:
    """Write files by name, without user and time."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.PAX_FORMAT) as packed:
        for old, data in sorted(entries, key=lambda entry: entry[0].name):
            member = tarfile.TarInfo(old.name)
            member.size, member.mtime = len(data), WHEN
            member.mode = 0o755 if old.mode & 0o100 else 0o644
            packed.addfile(member, io.BytesIO(data))
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.write_bytes(gzip.compress(whole.getvalue(), mtime=WHEN))
