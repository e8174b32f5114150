"""Readers: episodes from mesa_gym's logs and from Inspect's logs, recognized by their content."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from mesa_gym.contents import INSPECT_LOG, Content, DamagedFileError, name_content, open_content
from mesa_gym.errors import shorten
from mesa_gym.files import locate_path
from mesa_gym.json_data import decode_json
from mesa_gym.links import link_page
from mesa_gym.logs.decoding import convert_episode, decode_episodes, is_unfinished
from mesa_gym.logs.episodes import RecordedEpisode

# The key of a sample's store under which mesa_gym's Inspect task stores the episode.
STORE = "episode"
# Files in an Inspect archive that name the model; a killed run wrote only the first file.
HEADERS = ("/_journal/start.json", "/header.json")


class _Spec(msgspec.Struct):
    """The evaluation of an Inspect log."""

    model: str


class _Sample(msgspec.Struct):
    """A sample of an Inspect log."""

    epoch: int = 1
    store: dict[str, Any] = {}


class _InspectLog(msgspec.Struct):
    """An Inspect log in one file, or the file of its archive that names the model."""

    eval: _Spec
    samples: list[_Sample] | None = None


def read_logs(sources: Iterable[str | Path]) -> tuple[list[RecordedEpisode], list[str]]:
    """Return the episodes of several logs, and notes on what was left out, as ``read_log`` does."""
    episodes, notes = list[RecordedEpisode](), list[str]()
    for source in sources:
        of_log, left_out = read_log(source)
        episodes += of_log
        notes += left_out
    return episodes, notes


def read_log(source: str | Path) -> tuple[list[RecordedEpisode], list[str]]:
    """Return the episodes of a log, and notes on episodes and keys left out.

    A log may have any size, also packed by gzip, bzip2 or xz: it is read in parts, and texts of
    more than 1,000 characters are cut in their middle.

    Args:
        source: a file in a format of the page "Score a log", or a folder of such files.

    Raises:
        ValueError: the source has no episode; the message names its kind of content.
        OSError: the source cannot be read.
    """
    episodes, notes, logs = list[RecordedEpisode](), list[str](), dict[str, _InspectLog]()
    samples = list[tuple[str, _Sample]]()
    contents = {content.name: content for content in open_content(locate_path(source))}
    archives = {
        name.removesuffix(x): name for x in HEADERS for name in contents if name.endswith(x)
    }
    for name, content in contents.items():
        archive = next((archive for archive in archives if name.startswith(f"{archive}/")), "")
        try:
            if name == archives.get(archive) or (not archive and _is_inspect(content)):
                logs[archive or name] = log = decode_json(content.join(), _InspectLog)
                samples += [(name, sample) for sample in log.samples or []]
            elif archive and name.startswith(f"{archive}/samples/"):
                samples.append((archive, decode_json(content.join(), _Sample)))
            elif not archive:
                lines, more = decode_episodes(content)
                episodes += lines
                notes += more
        except DamagedFileError:
            raise
        except ValueError as error:
            notes.append(str(error) if name in str(error) else f"{name}: {error}")
    for name, sample in samples:
        if STORE in sample.store and name in logs:  # an early failure leaves no episode
            episodes.append(_read_sample(name, logs[name], sample))
    if not episodes and logs:
        raise ValueError(
            f"{source} is a log of Inspect without an episode; expected a log of the task trap_play"
            f" ({link_page('language_models')})"
        )
    if not episodes:
        raise ValueError("\n".join(notes[:5]) or f"{source} is an empty folder")
    return episodes, notes


def has_no_episode(source: str | Path) -> bool:
    """Return whether a log is missing, or its writer was killed before its first line."""
    path = locate_path(source)
    return not path.exists() or all(map(is_unfinished, open_content(path)))


def _is_inspect(content: Content) -> bool:
    """Return whether a file's content is an Inspect log in JSON."""
    return b'"eval"' in content.start and name_content(content.join()) == INSPECT_LOG


def _read_sample(name: str, log: _InspectLog, sample: _Sample) -> RecordedEpisode:
    """Return the episode of a sample; each epoch counts as a separate agent."""
    policy = log.eval.model.replace("/", "-") + f"-e{sample.epoch}" * (sample.epoch > 1)
    line = sample.store[STORE]
    if not isinstance(line, dict):
        raise ValueError(f"{name}: the store holds {shorten(line)}; expected an episode")
    return convert_episode(line | {"policy": policy})[0]
