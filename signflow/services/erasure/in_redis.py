"""What Redis holds of a person: values that wait to be written to the database, jobs that have ended, what outlives the caches."""

import json
from collections.abc import Iterable
from typing import Any

import frappe
from frappe.utils.background_jobs import get_queues, get_redis_conn
from rq.exceptions import DeserializationError, NoSuchJobError
from rq.job import Job
from rq.results import Result

from signflow.core.privacy.persons import subscriber_digits
from signflow.services.erasure.rows import Erasing

# Where Frappe keeps in Redis what it writes to the database later.
INDEX_QUEUE = "global_search_queue"
LIST_SETTINGS = "_user_settings"
SESSIONS = "session"


def forget_what_waits(erasing: Erasing) -> None:
	"""What Redis holds to be written into the search index and the settings of lists would come back after the rows went."""
	key = frappe.cache.make_key(INDEX_QUEUE)
	for item in frappe.cache.lrange(INDEX_QUEUE, 0, -1):
		text = frappe.safe_decode(item)
		told = json.loads(text)
		hers = told.get("name") in erasing.targets.get(told.get("doctype"), {})
		if hers or erasing.words.stand_in(text, names=False):
			frappe.cache.lrem(key, 0, item)
	for field, data in frappe.cache.hgetall(LIST_SETTINGS).items():
		whose = frappe.safe_decode(field)
		if whose.rpartition("::")[2] in erasing.users:
			frappe.cache.hdel(LIST_SETTINGS, whose)
		elif (made := erasing.words.replaced(data, erasing.neutral)) != data:
			frappe.cache.hset(LIST_SETTINGS, whose, made)
	forget_values(erasing, "insert_queue_for_*")


def forget_jobs(erasing: Erasing) -> None:
	"""Jobs that ended stay for days, with what they were called with and the values of what they stumbled over."""
	connection = get_redis_conn()
	for queue in get_queues(connection):
		for registry in (
			queue.failed_job_registry,
			queue.finished_job_registry,
			queue.canceled_job_registry,
		):
			for job_id in registry.get_job_ids():
				try:
					job = Job.fetch(job_id, connection=connection)
				except NoSuchJobError:
					continue
				results = Result.all(job)
				said = [job.data, job.description, *(one.exc_string for one in results)]
				if _stands_in(erasing, said) and _site_of(job) == frappe.local.site:
					Result.delete_all(job)
					job.delete()


def _site_of(job: Job) -> str | None:
	try:
		return job.kwargs.get("site")
	except DeserializationError:
		# Of an app that is no more: its site stands in it all the same.
		return frappe.local.site if frappe.local.site.encode() in job.data else None


def forget_values(erasing: Erasing, match: str = "*") -> None:
	"""What the site has in Redis outlives its caches: rows to be inserted later, recordings of statements, times of requests.

	Of a list of rows in JSON the others' stay.
	"""
	cache = frappe.cache
	kept = {cache.make_key(name) for name in (SESSIONS, INDEX_QUEUE, LIST_SETTINGS)}
	for key in cache.scan_iter(match=cache.make_key(match), count=1000):
		if key in kept:
			continue
		kind = frappe.safe_decode(cache.type(key))
		if _stands_in(erasing, [key]):
			cache.delete_value(key, make_keys=False)
		elif kind == "string" and _stands_in(erasing, [cache.execute_command("GET", key)]):
			cache.delete_value(key, make_keys=False)
		elif kind == "hash":
			for field, value in cache.execute_command("HGETALL", key).items():
				if _stands_in(erasing, [field, value]):
					cache.execute_command("HDEL", key, field)
		elif kind == "list":
			for item in cache.execute_command("LRANGE", key, 0, -1):
				if _stands_in(erasing, [item]):
					cache.execute_command("LREM", key, 0, item)
					if left := _others(erasing, item):
						cache.execute_command("RPUSH", key, json.dumps(left))


def _others(erasing: Erasing, item: bytes) -> list[Any]:
	try:
		rows = json.loads(item)
	except ValueError:
		return []
	if not isinstance(rows, list):
		return []
	# Rows that are to be inserted are judged as rows are, not by parts of words: others' would be lost.
	return [
		row for row in rows if not erasing.words.stand_in(json.dumps(row, ensure_ascii=False), names=False)
	]


def _stands_in(erasing: Erasing, values: Iterable[Any]) -> bool:
	words = erasing.words
	phones = {subscriber_digits(one) for one in words.phones}
	sought = {one.encode() for one in (*words.mails, *erasing.users, *phones)}
	for value in values:
		data = value.encode() if isinstance(value, str) else value or b""
		lowered = data.lower()
		if any(one in lowered for one in sought):
			return True
	return False
