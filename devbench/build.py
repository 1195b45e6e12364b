"""The whole bench, the slow halves side by side: Python and the site on one side, npm and bundles on the other."""

import ctypes.util
import threading

from devbench import assets, environment, processes, runtime, sites
from devbench.layout import Stack, apps, stacks
from devbench.steps import DevbenchError, say, together

PANGO = "libpango is missing (WeasyPrint makes the prints with it): apt-get install libpango-1.0-0 libpangoft2-1.0-0"


def build(stack: Stack) -> None:
	"""Idempotent: what has not changed is not done again."""
	if not ctypes.util.find_library("pango-1.0") or not ctypes.util.find_library("pangoft2-1.0"):
		raise DevbenchError(PANGO)
	found = apps()
	framework_ready = threading.Event()
	failed = threading.Event()

	def python_side() -> None:
		try:
			environment.build()
			runtime.build()
			for app in found:
				environment.install(app)
			sites.lay_out(found)
		except BaseException:
			failed.set()
			raise
		finally:
			framework_ready.set()
		assets.translations(found)
		sites.build(stack, found)

	def browser_side() -> None:
		assets.install_packages()
		assets.build_scripts(found)
		framework_ready.wait(timeout=900)
		if failed.is_set():
			return
		assets.link(found)
		if assets.bundle(found):
			for other in stacks():
				processes.forget_assets(other)

	together(python_side, browser_side)
	say(
		f"{stack.site} is built ({stack.db}); apps: frappe, {', '.join(app.name for app in found) or 'no other'}"
	)
