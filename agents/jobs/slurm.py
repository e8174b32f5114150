"""The states of Slurm jobs, read from the queue, which needs no accounting database.

submitit asks ``sacct``. If a cluster has no accounting, ``sacct`` and submitit print two lines at
each look, and a job that was killed is waited for without end.
"""

from __future__ import annotations

from collections.abc import Iterable

from submitit.slurm.slurm import SlurmInfoWatcher, read_job_id

SECONDS_BETWEEN_STATES = 60  # at most; submitit looks more often at first
# The state of a job that has left the queue. If it wrote a result, its state does not matter.
GONE = "LEFT THE QUEUE"


class QueueWatcher(SlurmInfoWatcher):
    """Tells submitit the states of the user's jobs, by one call of ``squeue`` for all of them."""

    def __init__(self, job_ids: Iterable[str]) -> None:
        super().__init__(delay_s=SECONDS_BETWEEN_STATES)
        self._seen = set[str]()
        for job_id in job_ids:
            self.register_job(job_id)

    def _make_command(self) -> list[str] | None:
        if not self._registered - self._finished:
            return None
        return ["squeue", "--me", "--array", "--noheader", "--states=all", "--format=%i|%T|%N"]

    def read_info(self, string: bytes | str) -> dict[str, dict[str, str]]:
        """Return job -> its columns, from the output of ``squeue``."""
        text = string if isinstance(string, str) else string.decode()
        info = {}
        for line in text.splitlines():
            job, state, nodes = line.strip().split("|")
            info["_".join(read_job_id(job)[0][:2])] = {"State": state, "NodeList": nodes}
        self._seen |= info.keys() & self._registered
        gone = self._seen - info.keys() - self._finished
        return info | {job: {"State": GONE, "NodeList": ""} for job in gone}
