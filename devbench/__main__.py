"""python3 -m devbench build|start|stop|status|snapshot|restore|exec. See README.md."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from devbench import build, layout, mariadb, processes, snapshot
from devbench.steps import DevbenchError, alone, say


def main(arguments: list[str]) -> int:
	parser = argparse.ArgumentParser(prog="python3 -m devbench", description="A site for trying and testing.")
	actions = parser.add_subparsers(dest="action", required=True)
	for name, text in (
		("build", "make or update the bench and a site"),
		("start", "start the site's processes"),
		("stop", "end them"),
		("exec", "run a command with the bench's Python, in its sites folder"),
	):
		action = actions.add_parser(name, help=text)
		action.add_argument("--site")
		action.add_argument("--db", choices=("sqlite", "mariadb"))
		if name in ("start", "stop"):
			action.add_argument("--only", action="append", choices=tuple(processes.PARTS), default=[])
		if name == "stop":
			action.add_argument("--all", action="store_true", help="every site, and MariaDB")
		if name == "exec":
			action.add_argument("command", nargs=argparse.REMAINDER)
	actions.add_parser("status", help="what runs where")
	for name in ("snapshot", "restore"):
		action = actions.add_parser(name, help=f"{name} of a test site's database and files, on any bench")
		action.add_argument("--bench", type=Path, required=True)
		action.add_argument("--site", required=True)
	options = parser.parse_args(arguments)
	return globals()[f"_{options.action}"](options)


def _build(options) -> int:
	with alone(layout.HOME / "lock", seconds=900):
		build.build(layout.stack(options.db, options.site))
	return 0


def _start(options) -> int:
	stack = _built(options)
	with alone(layout.HOME / "lock", seconds=900):
		processes.start(stack, only=options.only)
	if not options.only:
		_describe(stack)
	return 0


def _stop(options) -> int:
	chosen = layout.stacks() if options.all else [_built(options)]
	for stack in chosen:
		processes.stop(stack, only=options.only, quiet=False)
	if options.all:
		mariadb.stop()
	return 0


def _status(options) -> int:
	for stack in layout.stacks():
		_describe(stack)
	if mariadb.running():
		say(f"MariaDB on 127.0.0.1:{mariadb.port()}")
	if not layout.stacks():
		say("nothing is built yet: python3 -m devbench build")
	return 0


def _exec(options) -> int:
	stack = _built(options)
	command = options.command[1:] if options.command[:1] == ["--"] else options.command
	if not command:
		raise DevbenchError("exec needs a command after --")
	try:
		return subprocess.run(command, env=stack.environment(), cwd=layout.SITES).returncode
	except FileNotFoundError:
		raise DevbenchError(f"{command[0]} is not there") from None


def _snapshot(options) -> int:
	snapshot.take(options.bench, options.site)
	return 0


def _restore(options) -> int:
	snapshot.restore(options.bench, options.site)
	return 0


def _built(options) -> layout.Stack:
	stack = layout.stack(options.db, options.site)
	if not stack.config:
		raise DevbenchError(
			f"{stack.site} is not built: python3 -m devbench build --db {stack.db} --site {stack.site}"
		)
	return stack


def _describe(stack: layout.Stack) -> None:
	running = [name for name in processes.PARTS if processes.alive(stack, name)]
	ports = stack.ports()
	print(f"{stack.site} ({stack.db}): {', '.join(running) or 'stopped'}")
	print(f"  Desk       http://127.0.0.1:{ports['web']}/app   (Administrator / admin)")
	print(f"  mail       {os.path.relpath(stack.mail)}   (SMTP on 127.0.0.1:{ports['sink']})")
	print(f"  logs       {os.path.relpath(stack.run)}/*.log", flush=True)


if __name__ == "__main__":
	try:
		sys.exit(main(sys.argv[1:]))
	except DevbenchError as error:
		print(f"\ndevbench: {error}", file=sys.stderr)
		sys.exit(1)
	except KeyboardInterrupt:
		print("\ndevbench: stopped by you; run the same again to go on", file=sys.stderr)
		sys.exit(130)
