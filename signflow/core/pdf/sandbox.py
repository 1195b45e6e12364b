"""Runs one task on foreign bytes in a child process with limits on memory and time.

A parser that loops, exhausts memory or crashes takes only the child with it. The protocol is one JSON header
line followed by raw bytes, in both directions, over stdin and stdout.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

PACKAGE_ROOT = Path(__file__).resolve().parents[3]


class ChildTimedOut(Exception):
	"""The child did not answer in the time it was given and was killed."""


class ChildFailed(Exception):
	"""The child died without an answer: out of memory, killed by a limit, or crashed in a native library."""


def run(
	task: str, header: dict[str, Any], data: bytes, *, seconds: float, memory_bytes: int
) -> tuple[dict[str, Any], bytes]:
	"""Run `task` (as `_child` knows it, such as "normalise") on `data` in a limited child; return its answer and its bytes.

	`seconds` is wall-clock and processor time, `memory_bytes` the child's address space.
	Raises ChildTimedOut or ChildFailed; never anything else for whatever `data` holds.
	"""
	limits = {"seconds": seconds, "memory_bytes": memory_bytes}
	line = json.dumps({"task": task, "limits": limits, "header": header}).encode() + b"\n"
	path = [str(PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
	environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
	try:
		done = subprocess.run(
			[sys.executable, "-m", "signflow.core.pdf._child"],
			input=line + data,
			stdout=subprocess.PIPE,
			stderr=subprocess.DEVNULL,
			timeout=seconds,
			env=environment,
			cwd=PACKAGE_ROOT,
		)
	except subprocess.TimeoutExpired as error:
		raise ChildTimedOut(f"{task} took longer than {seconds:g} s") from error
	except (OSError, MemoryError) as error:
		raise ChildFailed(f"{task} could not be run: {error}") from error
	answer, _, payload = done.stdout.partition(b"\n")
	if done.returncode == -signal.SIGXCPU:  # the processor time ran out before the wall clock did
		raise ChildTimedOut(f"{task} took longer than {seconds:g} s")
	if done.returncode != 0 or not answer:
		raise ChildFailed(f"{task} ended with {done.returncode}")
	try:
		return json.loads(answer), payload
	except ValueError as error:
		raise ChildFailed(f"{task} answered without sense") from error
