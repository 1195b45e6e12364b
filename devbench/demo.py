"""`make demo`: builds the site, fills it, runs the main job over HTTP and leaves the signed files in demo/.

With BENCH and SITE it runs the same job on that bench, with processes of its own that end with it.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devbench import build, layout, processes, snapshot
from devbench.layout import REPO, SOURCE
from devbench.officers import OFFICERS, PASSWORD
from devbench.steps import DevbenchError, run, say, step, wait_until

OUT = REPO / "demo"


def main() -> int:
	try:
		if os.environ.get("BENCH"):
			with _real_bench(Path(os.environ["BENCH"]).resolve(), os.environ.get("SITE") or "") as (
				python,
				options,
			):
				_main_job(python, options)
			say("The records stay on the site; the demo's own processes have ended.")
		else:
			_own_bench()
	except DevbenchError as error:
		print(f"\ndemo: {error}", file=sys.stderr)
		return 1
	return 0


def _own_bench() -> None:
	stack = layout.stack("sqlite", "demo.localhost")
	build.build(stack)
	processes.start(stack)
	url = f"http://127.0.0.1:{stack.ports()['web']}"
	with step("Company, customers and contacts (made-up persons)"):
		run(
			[layout.PYTHON, "-m", "devbench.demo_site", stack.site, "--url", url],
			seconds=180,
			cwd=layout.SITES,
			env=stack.environment() | {"PYTHONPATH": str(REPO)},
		)
	_main_job(layout.PYTHON, ["--url", url, "--mail", stack.mail])
	officer, second = OFFICERS
	print(
		f"\nStill serving:\n"
		f"  Desk          {url}/app   log in as Administrator / admin\n"
		f"  the customer  {url}/app/customer/Rantakodit%20Oy\n"
		f"  a form        {url}/become-a-customer\n"
		f"  terminate     {url}/terminate   as maija.meri@posti.example\n"
		f"  withdraw      {url}/withdraw\n"
		f"  check a file  {url}/verify\n"
		f"  your data     {url}/privacy/request   as sari.saarela@posti.example\n"
		f"  data requests {url}/app/data-subject-request   log in as {officer} / {PASSWORD}:\n"
		f"                Sari Saarela asks to see her data, Åsa Öhman to be erased: her erasure is\n"
		f"                planned; {second}, with the same password, approves it\n"
		f"                and carries it out\n"
		f"  the proof     python3 -m devbench exec --site {stack.site} -- bench --site {stack.site}\n"
		f"                signflow prove-erasure --mail asa.ohman@posti.example --name 'Åsa Öhman'\n"
		f"  mails         {stack.mail}\n"
		f"The public pages speak the browser's language. Desk speaks English until a user chooses another language\n"
		f"in his own settings (My Settings, Language).\n"
		f"Stop it all with: make stop"
	)


def _main_job(python: Path, options: list) -> None:
	command = [python, "-m", "devbench.main_job", "--out", OUT, *options]
	environment = {key: value for key, value in os.environ.items() if key != "CI"} | {"PYTHONPATH": str(REPO)}
	done = subprocess.run([str(word) for word in command], cwd=REPO, env=environment, timeout=300)
	if done.returncode:
		raise DevbenchError("the main job failed; see above")


@contextmanager
def _real_bench(bench: Path, site: str) -> Iterator[tuple[Path, list]]:
	"""A web server, a worker and a mail sink for a site of an existing bench, ended afterwards."""
	snapshot.check(bench, site)
	python = bench / "env" / "bin" / "python"
	web, smtp = (layout.any_free_port() for _ in range(2))
	environment = {key: value for key, value in os.environ.items() if key != "CI"} | {
		"PYTHONPATH": str(REPO),
		"FRAPPE_SITE": site,
	}
	started: list[subprocess.Popen] = []
	with tempfile.TemporaryDirectory() as folder:
		mail = Path(folder) / "mail"

		def begin(name: str, *words: object) -> None:
			with (Path(folder) / f"{name}.log").open("wb") as log:
				command = [str(python), *(str(word) for word in words)]
				started.append(
					subprocess.Popen(
						command,
						cwd=bench / "sites",
						env=environment,
						stdout=log,
						stderr=log,
						stdin=subprocess.DEVNULL,
						start_new_session=True,
					)
				)

		try:
			begin("sink", SOURCE / "mail_sink.py", "--port", smtp, "--dir", mail)
			with step(f"Customer and contacts on {site}"):
				run(
					[
						python,
						"-m",
						"devbench.demo_site",
						site,
						"--smtp-port",
						smtp,
						"--url",
						f"http://127.0.0.1:{web}",
					],
					seconds=180,
					cwd=bench / "sites",
					env=environment,
				)
			begin("web", "-c", _SERVE.format(site=site, port=web))
			begin("worker", "-c", processes.WORKER)
			wait_until(lambda: not layout.free(web), seconds=60, what="the web server")
			yield python, ["--url", f"http://127.0.0.1:{web}", "--mail", mail]
		finally:
			for process in started:
				processes.end_session(process)


_SERVE = """
from werkzeug.serving import run_simple
import frappe.app
def application(environ, start_response):
	environ["HTTP_X_FRAPPE_SITE_NAME"] = "{site}"
	return frappe.app.application(environ, start_response)
run_simple("127.0.0.1", {port}, application, threaded=True)
"""

if __name__ == "__main__":
	sys.exit(main())
