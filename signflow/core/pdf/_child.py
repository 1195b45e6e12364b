"""The child process that reads foreign bytes. Started by `sandbox.run`, never imported by the parent."""

from __future__ import annotations

import json
import math
import resource
import sys
from typing import Any


def _limit(seconds: float, memory_bytes: int) -> None:
	resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
	soft = max(1, math.ceil(seconds))
	resource.setrlimit(resource.RLIMIT_CPU, (soft, soft + 1))
	resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
	"""Read the request from stdin, set the limits, run the task and write the answer to stdout."""
	request = json.loads(sys.stdin.buffer.readline())
	_limit(request["limits"]["seconds"], request["limits"]["memory_bytes"])
	data = sys.stdin.buffer.read()
	answer: dict[str, Any]
	payload = b""
	if request["task"] == "normalise":
		from ._intake import take_in

		answer, payload = take_in(data, **request["header"])
	elif request["task"] == "html":
		from ._rendering import render

		answer, payload = {}, render(data, **request["header"])
	elif request["task"] == "anchors":
		from .placement import search

		answer = search(data, **request["header"])
	elif request["task"] == "find_fields":
		from ._forms import find

		answer, payload = find(data)
	elif request["task"] == "fill":
		from ._filling import fill

		answer, payload = fill(data, **request["header"])
	elif request["task"] == "word":
		from ..paper._word import read

		answer = read(data)
	elif request["task"] == "texts":
		from ..privacy.texts_in_files import answer_child

		answer, payload = answer_child(data, **request["header"])
	else:
		from ._judge import judge

		answer = judge(data, **request["header"])
	sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
	sys.stdout.buffer.write(payload)
	sys.stdout.buffer.flush()
	return 0


if __name__ == "__main__":
	sys.exit(main())
