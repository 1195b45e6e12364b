"""`make bench-pdf`: sealing against its peers, turn by turn in one run: same files, same keys, file to file.

Bounded to a few minutes. Peers are installed, pinned, under .devbench/. Each contestant is a process of its own that
keeps what it can keep between calls; in each round every contestant has one turn at every case, so that drift hits all
alike. What the minimum is taken of lies in one run; only ratios mean anything elsewhere. Every last result is judged.
With `ARGS=--results` the figures also go to benchmarks/RESULTS.md.
"""

import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from devbench.steps import DevbenchError, run, say, step

REPO = Path(__file__).resolve().parent.parent
HERE = REPO / ".devbench" / "bench-pdf"
OUT = REPO / "benchmarks" / "out" / "pdf.json"
RESULTS = REPO / "benchmarks" / "RESULTS.md"
BEGIN, END = "<!-- bench-pdf: written by make bench-pdf ARGS=--results -->", "<!-- bench-pdf: end -->"

OURS = ["pyhanko==0.34.1", "cryptography==44.0.3", "pikepdf==10.17.0", "requests==2.32.5"]
# endesive 3.0.1 does not sign with pypdf 6.
PEERS = ["endesive==3.0.1", "pypdf==5.9.0", "pdfsignerpy==0.3.1"]
NODE_PEERS = [
	"@signpdf/signpdf@3.3.0",
	"@signpdf/signer-p12@3.3.0",
	"@signpdf/placeholder-plain@3.3.0",
	"@libpdf/core@0.4.2",
]
PYTHON_CONTESTANTS = ["signflow", "floor", "pyHanko", "endesive", "pdfsignerpy"]
NODE_CONTESTANTS = ["@signpdf/signpdf", "@libpdf/core"]
KEYS = ["RSA-2048", "P-256"]
PAGES = {1: "1 page, 43 KB", 20: "20 pages, 845 KB", 100: "100 pages, 17 MB"}
ROUNDS, JOB_ROUNDS, LARGE_ROUNDS, BATCH = 12, 5, 3, 400
LARGE_RSS = 100.0

Row = dict


def python() -> Path:
	return HERE / "venv" / "bin" / "python"


def install(packages: list[str]) -> str:
	"""Put packages into the venv; the reason if they cannot be had."""
	try:
		run([python(), "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages], seconds=240)
	except DevbenchError as error:
		return str(error).strip().splitlines()[-1][:160]
	return ""


def prepare() -> dict[str, str]:
	"""Install what is measured and make files and keys; the contestants that cannot be had, with the reason."""
	stamp = HERE / "stamp"
	wanted = hashlib.sha256(repr((OURS, PEERS, NODE_PEERS, sys.version)).encode()).hexdigest()
	absent: dict[str, str] = {}
	if not stamp.exists() or stamp.read_text() != wanted:
		shutil.rmtree(HERE, ignore_errors=True)
		(HERE / "node").mkdir(parents=True)
		with step("installing signflow's needs and the peers"):
			run([sys.executable, "-m", "venv", HERE / "venv"], seconds=120)
			if reason := install(OURS):
				raise DevbenchError(f"what signflow needs cannot be installed: {reason}")
			for who, packages in (("endesive", PEERS[:2]), ("pdfsignerpy", PEERS[2:])):
				if reason := install([*OURS, *packages]):
					absent[who] = reason
			(HERE / "node" / "package.json").write_text('{"private": true}\n')
			words = [
				"npm",
				"install",
				"--ignore-scripts",
				"--no-audit",
				"--no-fund",
				"--save-exact",
				*NODE_PEERS,
			]
			try:
				run(words, seconds=240, cwd=HERE / "node")
			except (DevbenchError, FileNotFoundError) as error:
				absent |= dict.fromkeys(NODE_CONTESTANTS, str(error).strip().splitlines()[-1][:160])
		if not absent:
			stamp.write_text(wanted)
	if not (HERE / "files" / "150.pdf").exists():
		with step("making files and keys"):
			(HERE / "files").mkdir(exist_ok=True)
			task("make", HERE / "files")
	return absent


def environment() -> dict[str, str]:
	return {**os.environ, "PYTHONPATH": str(REPO)}


def words_for(*task: object) -> list[str]:
	return [str(python()), str(REPO / "benchmarks" / "pdf_contestants.py"), *map(str, task)]


def task(*task: object) -> dict:
	answer = run(words_for(*task), seconds=120, env=environment())
	return json.loads(answer.strip().splitlines()[-1]) if answer.strip() else {}


class Contestant:
	"""A process that does one order after another."""

	def __init__(self, who: str, mode: str = "contest"):
		self.who = who
		words = words_for(mode, who)
		if who in NODE_CONTESTANTS:
			words = ["node", str(REPO / "benchmarks" / "pdf_contestants.mjs"), str(HERE / "node"), who]
		self.process = subprocess.Popen(
			words,
			stdin=subprocess.PIPE,
			stdout=subprocess.PIPE,
			stderr=subprocess.DEVNULL,
			env=environment(),
			text=True,
		)

	def turn(self, pages: int, key: str) -> tuple[dict, Path]:
		target = HERE / "files" / f"out-{self.who.replace('/', '-')}-{pages}-{key}.pdf"
		files = HERE / "files"
		target.unlink(missing_ok=True)  # a new file each time, as a sealed revision is
		order = {"source": files / f"{pages}.pdf", "target": target, "key": files / f"{key}.p12"}
		assert self.process.stdin and self.process.stdout
		try:
			self.process.stdin.write(json.dumps({name: str(path) for name, path in order.items()}) + "\n")
			self.process.stdin.flush()
			return json.loads(self.process.stdout.readline()), target
		except (BrokenPipeError, json.JSONDecodeError):
			return {"error": "its process ended"}, target

	def end(self) -> None:
		assert self.process.stdin
		self.process.stdin.close()
		try:
			self.process.wait(timeout=10)
		except subprocess.TimeoutExpired:
			self.process.kill()
			self.process.wait()


@contextmanager
def contestants(names: list[str], mode: str = "contest") -> Iterator[list[Contestant]]:
	started = [Contestant(who, mode) for who in names]
	try:
		yield started
	finally:
		for one in started:
			one.end()


def rows_of(
	case: str, times: dict[str, list[float]], rss: dict[str, float], **more: dict[str, object]
) -> list[Row]:
	ours = min(times["signflow"])
	return [
		{
			"case": case,
			"who": who,
			"min_ms": round(min(took), 2),
			"ratio_to_ours": round(min(took) / ours, 2),
			"rss_mb": round(rss[who], 1),
			"median_ms": round(statistics.median(took), 2),
			**{name: values[who] for name, values in more.items() if who in values},
		}
		for who, took in times.items()
	]


def measure(names: list[str]) -> tuple[list[Row], dict[tuple[str, str], Path], dict[tuple[str, str], str]]:
	"""The main contest: rows, each contestant's last file of each case, and who could not do a case, with why."""
	cases = [(f"{label}, {key}", pages, key) for pages, label in PAGES.items() for key in KEYS]
	times: dict[str, dict[str, list[float]]] = {case: {} for case, _, _ in cases}
	rss: dict[str, dict[str, float]] = {case: {} for case, _, _ in cases}
	made: dict[tuple[str, str], Path] = {}
	failed: dict[tuple[str, str], str] = {}
	with contestants(names) as all_of_them:
		for number in range(ROUNDS + 1):
			turn = number % len(all_of_them)
			for case, pages, key in cases:
				for one in all_of_them[turn:] + all_of_them[:turn]:
					if (case, one.who) in failed:
						continue
					answer, target = one.turn(pages, key)
					if "error" in answer:
						failed[case, one.who] = answer["error"]
					elif number:  # round 0 warms up
						times[case].setdefault(one.who, []).append(answer["ms"])
						rss[case][one.who] = max(rss[case].get(one.who, 0.0), answer["rss_mb"])
						made[case, one.who] = target
	rows = [row for case, _, _ in cases for row in rows_of(case, times[case], rss[case])]
	return rows, made, failed


def measure_jobs(names: list[str]) -> list[Row]:
	case = "worker job: fork, imports, key load, one signature (1 page, RSA-2048)"
	times: dict[str, list[float]] = {}
	cpu: dict[str, float] = {}
	rss: dict[str, float] = {}
	with contestants(names, "jobs") as all_of_them:
		for _ in range(JOB_ROUNDS):
			for one in all_of_them:
				answer, _target = one.turn(1, "RSA-2048")
				if "error" not in answer:
					times.setdefault(one.who, []).append(answer["ms"])
					cpu[one.who] = round(min(cpu.get(one.who, 1e9), answer["cpu_ms"]), 1)
					rss[one.who] = answer["rss_mb"]
	return rows_of(case, times, rss, cpu_ms=cpu)


def measure_large(names: list[str]) -> list[Row]:
	times: dict[str, list[float]] = {}
	rss: dict[str, float] = {}
	with contestants(names) as all_of_them:
		for _ in range(LARGE_ROUNDS):
			for one in all_of_them:
				answer, target = one.turn(150, "RSA-2048")
				if "error" not in answer:
					times.setdefault(one.who, []).append(answer["ms"])
					rss[one.who] = max(rss.get(one.who, 0.0), answer["rss_mb"])
				if one.who != "signflow":
					target.unlink(missing_ok=True)
	return rows_of("157 MB, 150 pages, RSA-2048", times, rss)


def measure_batch() -> list[Row]:
	best = {1: 1e9, 2: 1e9}
	cpu = dict(best)
	for _ in range(3):
		for workers in best:
			answer = task("batch", HERE / "files", workers, BATCH)
			if answer["problems"]:
				raise DevbenchError(f"seal_many failed: {answer['problems'][:3]}")
			best[workers] = min(best[workers], answer["seconds"])
			cpu[workers] = min(cpu[workers], answer["cpu_seconds"])
	return [
		{
			"case": f"seal_many, {BATCH} files of 20 pages, {workers} worker{'s' * (workers > 1)}, start-up included",
			"who": "signflow",
			"min_ms": round(seconds * 1000 / BATCH, 2),
			"ratio_to_ours": 1.0,
			"cpu_ms": round(cpu[workers] * 1000 / BATCH, 2),
			"per_second": round(BATCH / seconds, 1),
			"growth": round(best[1] / seconds, 2),
		}
		for workers, seconds in best.items()
	]


def judge(made: dict[tuple[str, str], Path]) -> dict[tuple[str, str], str]:
	"""What is wrong with the last file of each case: ours judged by `validate` and pdfsig, a peer's by pdfsig."""
	wrong: dict[tuple[str, str], str] = {}
	pdfsig = shutil.which("pdfsig")
	ours = {entry: path for entry, path in made.items() if entry[1].startswith("signflow")}
	names = "".join(f"{path}\n" for path in ours.values())
	words = words_for("judge", HERE / "files" / "root.pem")
	done = subprocess.run(
		words, input=names, capture_output=True, text=True, timeout=180, env=environment(), check=True
	)
	for entry, line in zip(ours, done.stdout.splitlines(), strict=True):
		verdict = json.loads(line)
		if not verdict["ok"]:
			wrong[entry] = ", ".join(verdict["problems"])
	for entry, path in made.items():
		if pdfsig and entry[1] != "floor":
			shown = subprocess.run(
				[pdfsig, "-nocert", path], capture_output=True, text=True, timeout=60
			).stdout
			if "Signature is Valid." not in shown:
				said = [
					line.split(":", 1)[1].strip()
					for line in shown.splitlines()
					if "Signature Validation" in line
				]
				wrong[entry] = f"pdfsig: {said[0] if said else 'no signature'}"
	return wrong


def table(
	rows: list[Row], failed: dict[tuple[str, str], str], wrong: dict[tuple[str, str], str]
) -> list[str]:
	"""The rows as Markdown tables, one per case."""
	lines = []
	for case in dict.fromkeys(row["case"] for row in rows):
		here = [row for row in rows if row["case"] == case]
		more = [name for name in ("cpu_ms", "per_second", "growth") if name in here[0]]
		head = [
			"who",
			"min ms",
			"ratio to ours",
			"median ms",
			"peak RSS MB",
			*(name.replace("_", " ") for name in more),
		]
		lines += ["", f"### {case}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
		for row in sorted(here, key=lambda row: row["min_ms"]):
			cells = [
				row.get(name, "") for name in ("who", "min_ms", "ratio_to_ours", "median_ms", "rss_mb", *more)
			]
			lines.append("| " + " | ".join(map(str, cells)) + " |")
		for (where, who), why in {**failed, **wrong}.items():
			if where == case:
				lines += ["", f"{who}: {why}"]
	return lines


def goals(rows: list[Row]) -> list[tuple[str, bool]]:
	"""Each aim with its figure, and whether this run reached it."""
	found = []
	for case in dict.fromkeys(row["case"] for row in rows if "page" in row["case"] and "KB" in row["case"]):
		peers = {row["who"]: row["ratio_to_ours"] for row in rows if row["case"] == case}
		fastest = min((who for who in peers if who not in {"signflow", "floor"}), key=lambda who: peers[who])
		found.append((f"{case}: 1/{peers[fastest]:.2f} of the fastest peer, {fastest}", peers[fastest] >= 1))
	for key in KEYS:
		case = f"{PAGES[100]}, {key}"
		peers = {row["who"]: row["ratio_to_ours"] for row in rows if row["case"] == case}
		fastest = min((who for who in peers if who not in {"signflow", "floor"}), key=lambda who: peers[who])
		found.append(
			(
				f"{case}: {1 / peers[fastest]:.2f} of the fastest peer, {fastest}; to reach: 0.6",
				peers[fastest] >= 1 / 0.6,
			)
		)
		found.append((f"{case}: {1 / peers['floor']:.2f} of the floor; to reach: 2", peers["floor"] >= 0.5))
	large = [row for row in rows if row["who"] == "signflow" and row["case"].startswith("157 MB")]
	for row in large:
		found.append(
			(f"157 MB: {row['rss_mb']} MB at the peak; to reach: {LARGE_RSS:g}", row["rss_mb"] < LARGE_RSS)
		)
	return found


def machine() -> str:
	model = next(
		(
			line.split(":")[1].strip()
			for line in Path("/proc/cpuinfo").read_text().splitlines()
			if "model name" in line
		),
		platform.machine(),
	)
	load = " ".join(f"{part:.1f}" for part in os.getloadavg())
	return (
		f"{model}, {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}, load {load} at the end"
	)


def write_results(lines: list[str]) -> None:
	"""Put the figures between our two marks in RESULTS.md; other benchmarks' parts stay."""
	old = RESULTS.read_text() if RESULTS.exists() else "# Results of the benchmarks\n"
	if BEGIN not in old:
		old = f"{old.rstrip()}\n\n{BEGIN}\n{END}\n"
	before, rest = old.split(BEGIN)
	after = rest.split(END)[1]
	RESULTS.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after)


def main() -> int:
	began = time.monotonic()
	absent = prepare()
	names = [who for who in PYTHON_CONTESTANTS + NODE_CONTESTANTS if who not in absent]
	with step(f"{ROUNDS} rounds, {len(names)} contestants, {len(PAGES) * len(KEYS)} cases"):
		rows, made, failed = measure(names)
	with step("worker jobs"):
		rows += measure_jobs(
			[
				who
				for who in ("signflow", "signflow, visible", "pyHanko", "endesive", "pdfsignerpy")
				if who not in absent
			]
		)
	with step("a large file"):
		rows += measure_large([who for who in ("signflow", "floor", "pdfsignerpy") if who not in absent])
	with step("many files"):
		rows += measure_batch()
	with step("judging every case's last file"):
		wrong = judge(made)
	OUT.parent.mkdir(parents=True, exist_ok=True)
	OUT.write_text(json.dumps(rows, indent=1) + "\n")
	lines = table(rows, failed, wrong)
	aims = goals(rows)
	lines += ["", "### Aims", ""] + [
		f"- {'reached' if reached else 'MISSED'}: {text}" for text, reached in aims
	]
	lines += [f"- not measured: {who} cannot be installed ({why})" for who, why in absent.items()]
	ours_wrong = [f"{case}: {why}" for (case, who), why in wrong.items() if who.startswith("signflow")]
	lines += ["- every file of ours is valid to `validate` and pdfsig"] if not ours_wrong else ours_wrong
	print("\n".join(lines))
	say(f"written to {OUT.relative_to(REPO)}, {time.monotonic() - began:.0f} s in all")
	if "--results" in sys.argv[1:]:
		head = [
			"## Sealing (`make bench-pdf`)",
			"",
			f"{date.today():%Y-%m-%d}; {machine()}; Python {platform.python_version()}.",
			f"Packages: {', '.join(OURS[:2] + PEERS + NODE_PEERS[:1] + NODE_PEERS[3:])}.",
			"",
			f"PAdES B-B, invisible, file to file. Least of {ROUNDS} interleaved rounds after one to warm up; ratio to ours =",
			"their time / ours. `floor` reads, hashes, signs the hash and writes. Key files cost one round of key",
			"derivation, since pdfsignerpy opens its at every call. The other cases are explained in benchmarks/pdf.py.",
		]
		write_results(head + lines)
	return 0 if all(reached for _, reached in aims) and not ours_wrong else 1


if __name__ == "__main__":
	try:
		sys.exit(main())
	except (DevbenchError, subprocess.TimeoutExpired) as error:
		sys.exit(f"bench-pdf: {error}")
