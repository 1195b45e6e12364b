"""Seals every PDF of other projects' test suites: `python -m benchmarks.corpus FOLDER...`, by hand, never a test.

The folders hold unpacked source packages, say of pikepdf, pypdf and qpdf; nothing of them is kept here. Each file is
normalised, prepared, certified, signed, closed and judged (one that carries signatures is signed on top), in one of two
workers that are killed after SECONDS. Prints counts by outcome and writes
`benchmarks/out/corpus.json`: {"counts", "slowest", "files": [{"file", "outcome", "detail", "seconds", "bytes",
"sealed_bytes"}]}. Outcomes:

- sealed: valid afterwards, at most 3 times its size + 200 KB; signed_on: the same over earlier signatures
- refused: by `normalise`, with its reason; foreign_broken: a signature in it was not intact before we came
- refused_late, invalid, too_big, raw_error, hang: defects
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

OUT = Path(__file__).resolve().parent / "out"
WORKERS = 2
SECONDS = 90
DEFECTS = {"refused_late", "invalid", "too_big", "raw_error", "hang"}


def try_one(data: bytes, key: Any) -> dict[str, Any]:
	"""Outcome of one file; lets nothing out."""
	from signflow.core.pdf.normalise import PdfRefused, normalise
	from signflow.core.pdf.prepare import PrepareRefused, SignaturePage, SignerBox, prepare
	from signflow.core.pdf.seal import SealRefused, append_signature, certify, close
	from signflow.core.pdf.validate import Expected, validate

	trust = [key.certificate_pem]
	begun = time.monotonic()
	answer: dict[str, Any] = {"outcome": "", "detail": "", "sealed_bytes": 0}
	try:
		taken = normalise(data)
		if taken.foreign_signatures:
			before = validate(data, trust=trust, expected=Expected((), foreign=taken.foreign_fields))
			sealed = append_signature(taken.data, key, field="Signer1", reason="r", stamp=None)
			fields: tuple[str, ...] = ("Signer1", "Closing")
		else:
			before = None
			page = SignaturePage("t", "d", "r", "e", "s", (SignerBox("Signer1", "Maija Meri"),))
			certified = certify(prepare(taken.data, page), key, reason="r")
			sealed = append_signature(certified, key, field="Signer1", reason="r", stamp=None)
			fields = ("Seal", "Signer1", "Closing")
		sealed = close(sealed, key, reason="r")
		verdict = validate(sealed, trust=trust, expected=Expected(fields, foreign=taken.foreign_fields))
		answer["sealed_bytes"] = len(sealed)
		if before is not None and not before.ok:
			answer.update(outcome="foreign_broken", detail="; ".join(before.problems))
		elif not verdict.ok:
			changes = [f"{one.field}: {one.changes}" for one in verdict.signatures if not one.intact]
			answer.update(outcome="invalid", detail="; ".join([*verdict.problems, *changes]))
		elif len(sealed) > 3 * len(data) + 200_000:
			answer.update(outcome="too_big", detail=f"{len(data)} -> {len(sealed)}")
		else:
			answer["outcome"] = "signed_on" if before is not None else "sealed"
	except PdfRefused as refusal:
		answer.update(outcome="refused", detail=f"{refusal.code}: {refusal.params.get('detail', '')}")
	except (PrepareRefused, SealRefused) as refusal:
		answer.update(outcome="refused_late", detail=f"{type(refusal).__name__} {refusal.code}: {refusal}")
	except Exception as error:  # this is what the run looks for
		answer.update(outcome="raw_error", detail=f"{type(error).__name__}: {error}"[:300])
	answer["seconds"] = round(time.monotonic() - begun, 2)
	return answer


def work() -> None:
	"""A worker: one path a line on stdin, one answer in JSON a line on stdout."""
	from signflow.core.pdf.keys import SealKey, make_test_key

	key = SealKey.from_pkcs12(*make_test_key("Corpus Oy"))
	for line in sys.stdin:
		print(json.dumps(try_one(Path(line.rstrip("\n")).read_bytes(), key)), flush=True)


def drive(waiting: queue.SimpleQueue[Path], found: list[dict[str, Any]]) -> None:
	"""Feed one worker; a file that takes too long costs it its life."""
	worker: subprocess.Popen[str] | None = None
	while True:
		try:
			path = waiting.get_nowait()
		except queue.Empty:
			break
		if worker is None:
			worker = subprocess.Popen(
				[sys.executable, "-m", "benchmarks.corpus", "--work"],
				stdin=subprocess.PIPE,
				stdout=subprocess.PIPE,
				stderr=subprocess.DEVNULL,
				text=True,
			)
		assert worker.stdin and worker.stdout
		timer = threading.Timer(SECONDS, worker.kill)
		timer.start()
		worker.stdin.write(f"{path}\n")
		worker.stdin.flush()
		line = worker.stdout.readline()
		timer.cancel()
		if line:
			answer = json.loads(line)
		else:
			worker.wait()
			worker = None
			answer = {"outcome": "hang", "detail": "killed", "seconds": SECONDS, "sealed_bytes": 0}
		found.append({"file": str(path), "bytes": path.stat().st_size, **answer})
	if worker is not None:
		worker.kill()
		worker.wait()


def main(arguments: list[str]) -> int:
	"""Run over all files; 1 if any outcome is a defect."""
	folders = [Path(argument) for argument in arguments]
	if not folders or not all(folder.is_dir() for folder in folders):
		print(__doc__, file=sys.stderr)
		return 2
	paths = sorted(
		path
		for folder in folders
		for path in folder.rglob("*")
		if path.suffix.lower() == ".pdf" and path.is_file()
	)
	waiting: queue.SimpleQueue[Path] = queue.SimpleQueue()
	for path in paths:
		waiting.put(path)
	found: list[dict[str, Any]] = []
	drivers = [threading.Thread(target=drive, args=(waiting, found)) for _ in range(WORKERS)]
	for driver in drivers:
		driver.start()
	for driver in drivers:
		driver.join()
	found.sort(key=lambda one: one["file"])
	report(found)
	return int(any(one["outcome"] in DEFECTS for one in found))


def report(found: list[dict[str, Any]]) -> None:
	"""Print the table and write the JSON file."""
	counts = Counter(one["outcome"] for one in found)
	reasons = Counter(one["detail"].partition(":")[0] for one in found if one["outcome"] == "refused")
	slowest = sorted(found, key=lambda one: -one["seconds"])[:10]
	print(f"{len(found)} files")
	for outcome, count in counts.most_common():
		print(f"  {outcome:16}{count:6}")
	for reason, count in reasons.most_common():
		print(f"    refused, {reason:22}{count:6}")
	for one in found:
		if one["outcome"] in DEFECTS:
			print(f"  {one['outcome']}: {one['file']}: {one['detail'][:200]}")
	for one in slowest[:5]:
		print(f"  slowest: {one['seconds']:6.1f} s {one['file']}")
	OUT.mkdir(parents=True, exist_ok=True)
	plain = {"counts": counts, "reasons": reasons, "slowest": slowest, "files": found}
	(OUT / "corpus.json").write_text(json.dumps(plain, indent=1))


if __name__ == "__main__":
	if sys.argv[1:] == ["--work"]:
		work()
	else:
		sys.exit(main(sys.argv[1:]))
