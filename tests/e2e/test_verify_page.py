"""The checking page: one of ours, a changed twin, and a stranger's file."""

import base64
from pathlib import Path

import pytest
from office import Office, contract, until
from playwright.sync_api import expect
from signing import SigningPage
from window import Window

pytestmark = pytest.mark.timeout(300)


def drops(window: Window, data: bytes, name: str = "signed.pdf") -> None:
	"""Drop a file on the page as a mouse does."""
	transfer = window.page.evaluate_handle(
		"""([bytes, name]) => {
			const transfer = new DataTransfer();
			const data = Uint8Array.from(atob(bytes), (each) => each.charCodeAt(0));
			transfer.items.add(new File([data], name, { type: "application/pdf" }));
			return transfer;
		}""",
		[base64.b64encode(data).decode(), name],
	)
	window.page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})


def test_genuine_tampered_and_unknown(office: Office, visit, url: str, tmp_path: Path) -> None:
	request = office.sends(office.maija)
	signer = SigningPage(visit(), office.maija)
	signer.opens().reads()
	signer.identifies()
	signer.accepts()
	signer.signs()
	until(lambda: office.status(request) == "Completed", "completion", 120)
	signed = office.signed_file(request)

	window = visit()
	page = window.page
	verdict, result = page.locator("#verdict"), page.locator("#result")
	page.goto(f"{url}/verify", wait_until="load")
	expect(page.get_by_role("heading", name="Check a signed document")).to_be_visible()
	window.look("verify")

	drops(window, signed)
	expect(verdict).to_have_text("Genuine and unchanged", timeout=120_000)
	expect(result).to_contain_text("Maija Meri")
	expect(result).to_contain_text("Identified by")
	window.look("verify-genuine")

	tampered = bytearray(signed)
	tampered[len(tampered) // 3] ^= 1
	drops(window, bytes(tampered), "changed.pdf")
	expect(verdict).to_have_text("Changed after it was sealed", timeout=120_000)
	window.look("verify-altered")

	drops(window, contract("Nobody"), "unknown.pdf")
	expect(verdict).to_have_text("Not known here", timeout=120_000)
	expect(result).not_to_contain_text("Maija")
	window.look("verify-unknown")

	page.goto(f"{url}/verify?lang=fi", wait_until="load")
	drops(window, signed)
	expect(result).to_contain_text("Tämä on täydellinen allekirjoitettu tiedosto", timeout=120_000)
	expect(result).not_to_contain_text("The signer typed")
	window.look("verify-genuine-fi")
	page.goto(f"{url}/verify", wait_until="load")

	path = tmp_path / "notes.txt"
	path.write_text("Not a PDF")
	page.locator("#file").set_input_files(path)
	expect(page.locator("#verify-problem")).to_contain_text("This is not a PDF")
	window.look("verify-not-pdf")
