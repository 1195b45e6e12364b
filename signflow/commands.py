"""Commands of bench: `bench --site SITE make-test-data` turns a restored copy of a site into test data."""

from typing import Any

import click
import frappe


@click.command("make-test-data")
@click.option(
	"--confirm", metavar="SITE", help="The site's name, where it looks like one that people work with."
)
@click.pass_context
def make_test_data(context: Any, confirm: str | None = None) -> None:
	"""Replace everything personal on a restored copy of a site by made-up values. Cannot be undone."""
	sites = (context.obj or {}).get("sites") or []
	if len(sites) != 1:
		raise click.UsageError("Name one site: bench --site SITE make-test-data")
	frappe.init(sites[0])
	frappe.connect()
	try:
		_make(sites[0], confirm)
	finally:
		frappe.destroy()


def _make(site: str, confirm: str | None) -> None:
	from signflow.services.privacy import test_data

	reasons = test_data.why_live()
	click.echo(
		f"{site}: all personal data is replaced, files and backups are deleted. This cannot be undone."
	)
	for reason in reasons:
		click.secho(f"  {reason}", fg="yellow")
	if reasons:
		click.echo("This looks like a site that people work with. Run this on a restored copy only.")
		if (confirm or click.prompt("Type the site's name to go on", default="", show_default=False)) != site:
			raise click.ClickException("Not confirmed: nothing was changed.")
	report = test_data.make_test_data()
	for doctype, count in sorted(report.changed.items()):
		click.echo(f"{doctype}: {count} rows replaced")
	for doctype, count in sorted(report.emptied.items()):
		if count:
			click.echo(f"{doctype}: {count} rows deleted")
	click.echo(f"Files: {report.files_made} made up, {report.files_deleted} deleted")
	click.echo(
		f"Switched off: {', '.join(sorted(set(report.switched_off)))}; mails are muted, the scheduler rests"
	)
	click.echo("Only the Administrator can log in. The key of the made-up values is gone.")


commands = [make_test_data]
