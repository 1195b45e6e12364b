"""Fetches over HTTP with a limit on the time and the size of the whole answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import requests

CHUNK = 1 << 14


class FetchFailed(Exception):
	"""No usable answer, with the reason in English; `again` if another try may help."""

	def __init__(self, reason: str, *, again: bool = True):
		super().__init__(reason)
		self.again = again


def shown(url: str) -> str:
	"""`url` fit for a message: without user, password, query and fragment."""
	parts = urlsplit(url)
	host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
	return f"{parts.scheme}://{host}{parts.path}"


def fetch(
	url: str,
	*,
	body: bytes | None = None,
	headers: Mapping[str, str] | None = None,
	login: tuple[str, str] | None = None,
	seconds: float,
	most_bytes: int,
) -> bytes:
	"""GET `url`, or POST `body` to it, in at most `seconds` altogether. Raises FetchFailed.

	The sockets' own limits hold for one read each: a server that sends a byte now and then would never meet
	them. So the work is done in a thread that is left behind when the time is over; a POST is not redirected.
	"""
	if urlsplit(url).scheme not in {"http", "https"}:
		raise FetchFailed("not an HTTP address", again=False)
	answer: list[bytes] = []
	failure: list[FetchFailed] = []

	def work() -> None:
		try:
			answer.append(_fetch(url, body, headers or {}, login, seconds, most_bytes))
		except FetchFailed as error:
			failure.append(error)
		except requests.Timeout:
			failure.append(FetchFailed(f"no answer within {seconds:g} s"))
		except requests.RequestException as error:
			reason = "could not be reached" if isinstance(error, requests.ConnectionError) else "bad answer"
			failure.append(FetchFailed(f"{reason} ({type(error).__name__})"))
		except Exception as error:  # urllib3 raises its own kinds for odd addresses and answers
			failure.append(FetchFailed(f"bad answer ({type(error).__name__})", again=False))

	thread = threading.Thread(target=work, name="signflow-fetch", daemon=True)
	thread.start()
	thread.join(seconds)
	if failure:
		raise failure[0]
	if not answer:
		raise FetchFailed(f"no answer within {seconds:g} s")
	return answer[0]


def _fetch(
	url: str,
	body: bytes | None,
	headers: Mapping[str, str],
	login: tuple[str, str] | None,
	seconds: float,
	most_bytes: int,
) -> bytes:
	end = time.monotonic() + seconds
	with requests.Session() as session:
		session.max_redirects = 3
		with session.request(
			"GET" if body is None else "POST",
			url,
			data=body,
			headers=dict(headers),
			auth=login,
			timeout=seconds,
			stream=True,
			allow_redirects=body is None,
		) as response:
			if response.status_code != 200:
				again = response.status_code >= 500 or response.status_code == 429
				raise FetchFailed(f"HTTP {response.status_code}", again=again)
			received = bytearray()
			for piece in response.iter_content(CHUNK):
				received += piece
				if len(received) > most_bytes:
					raise FetchFailed(f"more than {most_bytes} bytes", again=False)
				if time.monotonic() > end:
					raise FetchFailed(f"no answer within {seconds:g} s")
			return bytes(received)
