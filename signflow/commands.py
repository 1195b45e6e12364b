"""Commands of bench: `bench --site SITE signflow make-test-data` turns a restored copy of a site into test data."""

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
	# A dict on Frappe 15, an object on 16.
	given = context.obj.get("sites") if isinstance(context.obj, dict) else getattr(context.obj, "sites", None)
	if not given or len(given) != 1:
		raise click.UsageError("Name one site: bench --site SITE signflow make-test-data")
	site = given[0]
	if not (Path(site) / "site_config.json").is_file():
		raise click.ClickException(f"There is no site {site}.")
	frappe.init(site)
	try:
		frappe.connect()
		_make(site, confirm)
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


commands = [signflow]
