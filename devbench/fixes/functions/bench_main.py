def main() -> None:
	"""The commands that apps list in `<app>.commands`, as bench starts them: `frappe [--site SITE] COMMAND …`."""
	import importlib
	from types import SimpleNamespace

	import click
	import frappe

	commands = {}
	for app in frappe.get_all_apps(sites_path="."):
		try:
			module = importlib.import_module(f"{app}.commands")
		except ModuleNotFoundError as error:
			if error.name != f"{app}.commands":
				raise
			continue
		commands |= {command.name: command for command in module.commands}

	@click.group("frappe", commands=commands)
	@click.option("--site")
	@click.option("--force", is_flag=True)
	@click.pass_context
	def app_group(context, site=None, force=False):
		# An object, as on Frappe 16; on 15 it is a dict.
		context.obj = SimpleNamespace(sites=[site] if site else [], force=force, verbose=False, profile=False)

	click.Group(commands={"frappe": app_group})(prog_name="bench")


if __name__ == "__main__":
	main()
