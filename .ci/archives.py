"""Archives whose bytes do not depend on the time, place and user of packing.

All files get the date ``SOURCE_DATE_EPOCH``, seconds since 1970, or else a fixed date. ``python
.ci/archives.py FOLDER FILE.tar.gz`` packs a folder.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

WHEN = int(os.environ.setdefault("SOURCE_DATE_EPOCH", "1577836800"))  # the year 2020

Entry = tuple[tarfile.TarInfo, bytes]


def pack(folder: Path) -> list[Entry]:
    """Return the files of a folder, whose name begins theirs; hidden ones are left out."""
    entries = []
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            member = tarfile.TarInfo(path.relative_to(folder.parent).as_posix())
            entries.append((member, path.read_bytes()))
    return entries


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


def main(folder: str, file: str) -> None:
    """Pack a folder, and write its digest beside it as ``sha256sum`` does."""
    archive = Path(file)
    write(archive, pack(Path(folder)))
    line = f"{sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n"
    archive.with_name(f"{archive.name}.sha256").write_text(line)
    print(f"{archive.stat().st_size:,} bytes: {line}", end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
