"""Commands of bench, as `bench --site SITE signflow …`: `make-test-data` turns a restored copy of a site into test data;
`prove-erasure` seeks what is left of a person; `replay-erasures` erases again what a restored backup brought back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import frappe


@click.group("signflow")
def signflow() -> None:
	"""What signflow does on the server."""


@signflow.command("make-test-data")
@click.option(
	"--confirm", metavar="SITE", help="The site's name, where it looks like one that people work with."
)
@click.pass_context
def make_test_data(context: Any, confirm: str | None = None) -> None:
	"""Replace everything personal on a restored copy of a site by made-up values. Cannot be undone."""
	with _connected(context, "make-test-data") as site:
		_make(site, confirm)


@contextmanager
def _connected(context: Any, command: str) -> Iterator[str]:
	# A dict on Frappe 15, an object on 16.
	given = context.obj.get("sites") if isinstance(context.obj, dict) else getattr(context.obj, "sites", None)
	if not given or len(given) != 1:
		raise click.UsageError(f"Name one site: bench --site SITE signflow {command}")
	site = given[0]
	if not (Path(site) / "site_config.json").is_file():
		raise click.ClickException(f"There is no site {site}.")
	frappe.init(site)
	try:
		frappe.connect()
		yield site
	finally:
		frappe.destroy()


def _make(site: str, confirm: str | None) -> None:
	from signflow.services.privacy import test_data

	if test_data.unfinished():
		click.echo(f"{site}: an earlier run was ended before it was done. Going on with the files.")
	else:
		_confirm(site, confirm, test_data.why_live())
	try:
		report = test_data.make_test_data()
	except Exception:
		if not test_data.unfinished():
			raise
		click.secho(f"{site} is NOT test data: its files are still people's. Run this again.", fg="red")
		raise
	for doctype, count in sorted(report.changed.items()):
		click.echo(f"{doctype}: {count} rows replaced")
	for doctype, count in sorted(report.emptied.items()):
		if count:
			click.echo(f"{doctype}: {count} rows deleted")
	click.echo(f"Files: {report.files_made} made up, {report.files_deleted} deleted")
	click.echo(
		f"Switched off: {', '.join(sorted(set(report.switched_off)))}; mails are muted, the scheduler rests"
	)
	if report.went_on:
		click.echo("This took more than one run: an earlier one was ended after the database was replaced.")
	click.echo("Only the Administrator can log in. The key of the made-up values is gone.")
	click.secho(f"{site} is test data.", fg="green")


def _confirm(site: str, confirm: str | None, reasons: list[str]) -> None:
	click.echo(
		f"{site}: all personal data is replaced, files and backups are deleted. This cannot be undone."
	)
	for reason in reasons:
		click.secho(f"  {reason}", fg="yellow")
	if reasons:
		click.echo("This looks like a site that people work with. Run this on a restored copy only.")
		if (confirm or click.prompt("Type the site's name to go on", default="", show_default=False)) != site:
			raise click.ClickException("Not confirmed: nothing was changed.")


@signflow.command("prove-erasure")
@click.option("--mail", "mails", multiple=True, help="A mail address of the person; as often as needed.")
@click.option("--phone", "phones", multiple=True, help="A telephone of the person; as often as needed.")
@click.option("--name", "names", multiple=True, help="A full name of the person; as often as needed.")
@click.option("--without-backups", is_flag=True, help="Do not read the backups folder.")
@click.pass_context
def prove_erasure(
	context: Any,
	mails: tuple[str, ...] = (),
	phones: tuple[str, ...] = (),
	names: tuple[str, ...] = (),
	without_backups: bool = False,
) -> None:
	"""Seek a person's strings in all tables, files and backups; ends with 1 if any is left outside what is kept."""
	with _connected(context, "prove-erasure"):
		frappe.set_user("Administrator")
		_prove(mails, phones, names, not without_backups)


def _prove(mails: tuple[str, ...], phones: tuple[str, ...], names: tuple[str, ...], backups: bool) -> None:
	from signflow.services.erasure import proving

	try:
		words = proving.words_from(mails, phones, names)
		if not words:
			raise ValueError
		proof = proving.prove(words, backups=backups)
	except ValueError:
		raise click.UsageError("Name --mail, --phone or --name: whole addresses, numbers, names.") from None
	for place in proof.left:
		what = "mail or telephone" if place.strong else "name"
		click.echo(f"left: {place.where} {place.record} {', '.join(place.columns)} ({what})")
	for name in proof.backups:
		click.echo(f"left: backup {name}")
	for name in proof.unread:
		click.echo(f"not read (needs a password or is broken): {name}")
	click.echo(
		f"{proof.tables} tables and {proof.files} files read: {len(proof.left)} places left, "
		f"{len(proof.backups)} backups, {len(proof.kept)} kept by law or hold, {len(proof.others)} of others, "
		f"{len(proof.requests)} in the request itself"
	)
	if not proof.holds:
		raise click.exceptions.Exit(1)


@signflow.command("replay-erasures")
@click.option(
	"--ledger",
	"copy",
	type=click.Path(exists=True, dir_okay=False, path_type=Path, resolve_path=True),
	help="A copy of private/erasure-ledger.jsonl, where this machine has not the site's own any more.",
)
@click.pass_context
def replay_erasures(context: Any, copy: Path | None = None) -> None:
	"""After a backup was restored: erase again what was erased since. Reads the ledger beside the database as well."""
	with _connected(context, "replay-erasures"):
		from signflow.services.erasure import ledger, replaying

		frappe.set_user("Administrator")
		if copy:
			try:
				click.echo(f"{ledger.take_in(copy)} lines taken in from {copy.name}")
			except ValueError as error:
				raise click.ClickException(f"{copy.name}: {error}. Put the key of then into it.") from None
		done = replaying.replay_erasures()
		click.echo(
			f"{done.persons} erasures in the ledger; {len(done.plans)} carried out again, {len(done.failed)} failed, "
			f"{done.waiting} lines wait for a decision"
		)
		if done.foreign:
			click.secho(
				f"{done.foreign} lines of the ledger were written with another encryption_key than this site has: "
				"whom they are about cannot be found. Put the key of then into site_config.json.",
				fg="red",
			)
		if not done.persons:
			click.echo("If anybody was ever erased here, name a copy of the ledger: --ledger FILE")
		if done.failed or done.foreign:
			raise click.exceptions.Exit(1)


commands = [signflow]
