"""The signing page as its reader handles it."""

from office import Person
from playwright.sync_api import Download, Locator, expect
from window import Window


class SigningPage:
	"""One signer before one window. Names what is on the screen in her words."""

	def __init__(self, window: Window, person: Person):
		self.window, self.page, self.person = window, window.page, person
		self.codes_before = len(person.codes())

	def button(self, name: str) -> Locator:
		return self.page.get_by_role("button", name=name, exact=True)

	def heading(self, name: str) -> Locator:
		return self.page.get_by_role("heading", name=name)

	def opens(self, link: str | None = None) -> "SigningPage":
		self.page.goto(link or self.person.link(), wait_until="load")
		return self

	def reads(self, text: str = "Rental contract, page 1") -> None:
		"""The first sheet is drawn and its text lies over it."""
		expect(self.page.locator(".sheet canvas").first).to_be_visible()
		expect(self.page.locator(".text-layer").first).to_contain_text(text)

	def goes_on(self) -> None:
		self.page.locator("#read-next").click()

	def asks_for_code(self) -> None:
		self.codes_before = len(self.person.codes())
		self.page.locator("#code-next").click()
		expect(self.page.get_by_label("6-digit code")).to_be_focused()

	def types_code(self) -> None:
		self.page.get_by_label("6-digit code").fill(self.person.code(self.codes_before))
		self.page.locator("#code-next").click()

	def identifies(self) -> None:
		"""From the documents through the code to the signing step."""
		self.goes_on()
		expect(self.heading("Confirm that it is you")).to_be_visible()
		self.asks_for_code()
		self.types_code()

	def accepts(self) -> None:
		self.page.locator("#accept").check()

	def signs(self) -> None:
		self.page.locator("#sign-next").click()

	def draws(self) -> None:
		"""A wave over the pad, with the mouse's pointer events."""
		pad = self.page.locator("#pad")
		pad.scroll_into_view_if_needed()
		box = pad.bounding_box()
		mouse = self.page.mouse
		points = [(0.1, 0.6), (0.2, 0.25), (0.3, 0.7), (0.4, 0.3), (0.5, 0.65), (0.65, 0.35), (0.9, 0.55)]
		mouse.move(box["x"] + box["width"] * points[0][0], box["y"] + box["height"] * points[0][1])
		mouse.down()
		for x, y in points[1:]:
			mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=6)
		mouse.up()

	def ends_with(self, title: str) -> None:
		expect(self.page.locator("#outcome-title")).to_have_text(title, timeout=120_000)

	def downloads(self, locator: Locator) -> Download:
		with self.page.expect_download() as waiting:
			locator.click()
		return waiting.value
