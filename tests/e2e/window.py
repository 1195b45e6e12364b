"""A browser window that notes what must not happen, and looks at a screen as somebody with other eyes would."""

import json
import os
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}
WAIT = 20_000

expect.set_options(timeout=WAIT)


class Window:
	"""One page of one profile. `troubles` gathers foreign requests, console errors, page errors, CSP violations."""

	def __init__(self, context: BrowserContext, url: str, axe: str):
		self.context, self.url, self.axe = context, url, axe
		self.troubles: list[str] = []
		# Refusals that a test asks for itself (a wrong code) also show in the console as failed requests.
		self.expected: list[str] = []
		# Web sites beside ours that a test visits.
		self.allowed: list[str] = []
		context.set_default_timeout(WAIT)
		context.add_init_script(
			"document.addEventListener('securitypolicyviolation', (event) => "
			"console.error('CSP violation: ' + event.violatedDirective + ' ' + event.blockedURI))"
		)
		self.page: Page = context.new_page()
		self.page.on("request", self._requested)
		self.page.on("console", self._said)
		self.page.on("pageerror", lambda error: self.troubles.append(f"page error: {error}"))

	def _requested(self, request: Any) -> None:
		address = request.url
		known = tuple(f"{site}/" for site in (self.url, *self.allowed))
		if not address.startswith((*known, "data:", f"blob:{self.url}/")):
			self.troubles.append(f"left the site: {address}")

	def _said(self, message: Any) -> None:
		if message.type != "error":
			return
		text = f"{message.text} ({message.location.get('url', '')})"
		if not any(re.search(pattern, text) for pattern in self.expected):
			self.troubles.append(f"console: {text}")

	def look(self, name: str, *, both: bool = True, rules_off: tuple[str, ...] = ()) -> None:
		"""Axe finds nothing wrong here, at the window's width and (with `both`) at the other one; keeps a picture."""
		own = self.page.viewport_size
		sizes = [own] + ([PHONE if own["width"] > 600 else DESKTOP] if both else [])
		for size in sizes:
			self.page.set_viewport_size(size)
			self._settle()
			self.keep(f"{name}-{size['width']}")
			self._judge(f"{name} at {size['width']} px", rules_off)
		self.page.set_viewport_size(own)

	def _settle(self) -> None:
		"""Two frames, so that what follows a change of size has been drawn; and no animation half way."""
		self.page.evaluate(
			"() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done("
			"Promise.allSettled(document.getAnimations().filter((each) => "
			"each.effect?.getTiming().iterations !== Infinity).map((each) => each.finished))))))"
		)

	def _judge(self, where: str, rules_off: tuple[str, ...]) -> None:
		if not self.page.evaluate("() => Boolean(window.axe)"):
			# Through the debugger: the page's own content security policy stays in force.
			self.page.evaluate(f"() => {{ {self.axe}\n; }}")
		rules = {name: {"enabled": False} for name in rules_off}
		found = self.page.evaluate(
			"(rules) => axe.run(document, {rules, resultTypes: ['violations']}).then((result) => result.violations)",
			rules,
		)
		for violation in found:
			nodes = "; ".join(
				f"{node['target']} {node.get('failureSummary', '')[:300]}" for node in violation["nodes"][:4]
			)
			self.troubles.append(f"axe, {where}: {violation['id']}: {violation['help']}: {nodes}")

	def keep(self, name: str) -> None:
		"""A picture for people, where SIGNFLOW_SHOTS names a folder."""
		folder = os.environ.get("SIGNFLOW_SHOTS")
		if folder:
			Path(folder).mkdir(parents=True, exist_ok=True)
			modal = self.page.evaluate("() => Boolean(document.querySelector('dialog[open], .modal.show'))")
			self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=not modal)

	def store(self) -> dict[str, Any]:
		"""What the page keeps for its tab."""
		return {
			key: json.loads(value) for key, value in self.page.evaluate("() => ({...sessionStorage})").items()
		}
