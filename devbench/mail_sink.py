"""An SMTP server that keeps each message as one .eml file. Alone: python -m devbench.mail_sink --port N --dir D

Mailboxes whose name starts with "no-such-" do not exist here (550), those that start with "greylisted-" do not just now
(450), so that a sender's handling of both can be tried.
"""

import argparse
import itertools
import os
import signal
import threading
import time
from pathlib import Path

from aiosmtpd.controller import Controller


class Sink:
	"""Writes what arrives; a reader of the folder never sees half a message, and names sort by arrival."""

	def __init__(self, folder: Path):
		self.folder = Path(folder)
		self.folder.mkdir(parents=True, exist_ok=True)
		self._number = itertools.count()

	async def handle_RCPT(self, server, session, envelope, address, options):
		if address.lower().startswith("no-such-"):
			return "550 5.1.1 No such mailbox here"
		if address.lower().startswith("greylisted-"):
			return "450 4.2.0 Greylisted, try again later"
		envelope.rcpt_tos.append(address)
		return "250 OK"

	async def handle_DATA(self, server, session, envelope):
		envelope_lines = f"X-Envelope-From: {envelope.mail_from}\r\n" + "".join(
			f"X-Envelope-To: {recipient}\r\n" for recipient in envelope.rcpt_tos
		)
		name = f"{time.time_ns()}-{os.getpid()}-{next(self._number):06d}.eml"
		partial = self.folder / f".{name}.part"
		partial.write_bytes(envelope_lines.encode() + envelope.content)
		partial.rename(self.folder / name)
		return "250 Message kept"


def start(port: int, folder: Path) -> Controller:
	"""Listen on 127.0.0.1 in a thread of this process; `.stop()` on what is returned ends it."""
	controller = Controller(Sink(folder), hostname="127.0.0.1", port=port, data_size_limit=64 * 1024 * 1024)
	controller.start()
	return controller


def main() -> None:
	parser = argparse.ArgumentParser(description=__doc__)
	parser.add_argument("--port", type=int, required=True)
	parser.add_argument("--dir", type=Path, required=True)
	options = parser.parse_args()
	ended = threading.Event()
	for number in (signal.SIGTERM, signal.SIGINT):
		signal.signal(number, lambda *_: ended.set())
	controller = start(options.port, options.dir)
	print(f"SMTP sink on 127.0.0.1:{options.port}, messages in {options.dir}", flush=True)
	ended.wait()
	controller.stop()


if __name__ == "__main__":
	main()
