"""Seals many files at once with processes: threads gain nothing, as most of the work is Python's own.

Every process opens key and timestamper once and keeps them, with the connections and the validation context that they
hold, for `RENEWED_AFTER` seconds: long enough for a batch, too short for a revoked certificate to pass for long.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from ..errors import SignflowError, _
from .cms import Timestamper
from .keys import SealKey
from .seal import Stamp, seal_file

__all__ = ["Done", "Job", "seal_many"]

RENEWED_AFTER = 180.0
# Jobs handed out ahead to each process, so that none waits for the next.
AHEAD = 4
PROCESS_DIED = _("The process that was to seal the file ended before it was done. Try again.")


@dataclass(frozen=True)
class Job:
	"""One signature: `source` with it is written to `target`; without `field` it certifies (see `seal.seal_file`)."""

	source: Path
	target: Path
	reason: str
	field: str | None = None
	stamp: Stamp | None = None


@dataclass(frozen=True)
class Done:
	"""What became of a job: None, or the code and the English text of why it could not be done."""

	job: Job
	problem: str | None = None
	text: str = ""


def seal_many(
	jobs: Iterable[Job],
	open_key: Callable[[], SealKey],
	*,
	workers: int | None = None,
	open_timestamper: Callable[[], Timestamper] | None = None,
) -> Iterator[Done]:
	"""Do the jobs in `workers` processes (default one per core) and yield each as it ends, in no certain order.

	`open_key` and `open_timestamper` are called in each process, at its start and every three minutes, and must be
	picklable when the platform spawns processes: functions of a module or partials of them; keys themselves never
	travel. One job's refusal stops no other. `jobs` may be endless: a few are read ahead. With one worker
	all is done in this process. Raises what `open_key` raises.
	"""
	count = workers if workers is not None else len(os.sched_getaffinity(0))
	if count < 1:
		raise ValueError("seal_many needs at least one worker")
	todo = iter(jobs)
	if count == 1:
		bench = _Bench(open_key, open_timestamper)
		for job in todo:
			yield bench.do(job)
		return
	open_key()  # a key that cannot seal is refused here, once, with its reason
	context = multiprocessing.get_context(
		"fork" if "fork" in multiprocessing.get_all_start_methods() else None
	)
	for job in todo:
		todo = chain((job,), todo)
		with ProcessPoolExecutor(count, context, _start, (open_key, open_timestamper)) as pool:
			yield from _until_broken(pool, todo, count * AHEAD)


def _until_broken(pool: ProcessPoolExecutor, todo: Iterator[Job], most: int) -> Iterator[Done]:
	"""Do jobs, `most` of them at hand, until none is left or a process died, which takes all at hand with it."""
	at_hand: dict[Future[Done], Job] = {}
	broken = False
	while True:
		for job in islice(todo, 0 if broken else most - len(at_hand)):
			try:
				at_hand[pool.submit(_do, job)] = job
			except BrokenProcessPool:
				broken = True
				yield Done(job, "process_died", PROCESS_DIED)
				break
		if not at_hand:
			return
		for future in wait(at_hand, return_when=FIRST_COMPLETED).done:
			job = at_hand.pop(future)
			try:
				done = future.result()
			except BrokenProcessPool:
				broken = True
				done = Done(job, "process_died", PROCESS_DIED)
			yield done


class _Bench:
	"""A process's own key and timestamper, opened anew when they are old."""

	def __init__(self, open_key: Callable[[], SealKey], open_timestamper: Callable[[], Timestamper] | None):
		self._open_key = open_key
		self._open_timestamper = open_timestamper
		self._open()

	def _open(self) -> None:
		self._key = self._open_key()
		self._timestamp = self._open_timestamper() if self._open_timestamper else None
		self._opened = time.monotonic()

	def do(self, job: Job) -> Done:
		try:
			if time.monotonic() - self._opened > RENEWED_AFTER:
				self._open()
			seal_file(
				job.source,
				job.target,
				self._key,
				reason=job.reason,
				field=job.field,
				stamp=job.stamp,
				timestamp=self._timestamp,
			)
		except SignflowError as refusal:
			return Done(job, refusal.code, str(refusal))
		except OSError as error:
			return Done(job, "file_error", error.strerror or type(error).__name__)
		return Done(job)


_bench: _Bench | None = None


def _start(open_key: Callable[[], SealKey], open_timestamper: Callable[[], Timestamper] | None) -> None:
	global _bench
	_bench = _Bench(open_key, open_timestamper)


def _do(job: Job) -> Done:
	assert _bench is not None, "the process was started by seal_many"
	return _bench.do(job)
