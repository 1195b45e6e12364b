"""Small sets of texts kept in Redis that only grow: whoever reads the database as it was a moment ago takes nothing out."""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import frappe
from redis.exceptions import RedisError

# A member that tells that the database was read.
IS_READ = ""


@dataclass(frozen=True)
class GrowingSet:
	"""What `read` finds in the database, remembered under `key`; without Redis the database is asked each time."""

	key: str
	read: Callable[[], Iterable[str]]

	def members(self) -> frozenset[str]:
		try:
			known = {frappe.safe_decode(one) for one in frappe.cache.smembers(self.key)}
			if IS_READ not in known:
				found = [*self.read()]
				frappe.cache.sadd(self.key, IS_READ, *found)
				known |= {*found}
		except RedisError:
			# Frappe goes on without its cache, and so do we.
			return frozenset(self.read())
		return frozenset(known - {IS_READ})

	def add_after_commit(self, found: Iterable[str]) -> None:
		"""Add what the caller's transaction writes; whoever fills an emptied cache before the commit does not find it yet."""
		frappe.db.after_commit.add(partial(self.add, [*found]))

	def refresh(self) -> None:
		"""What the cache has lost, or a restore brought back, is in it again."""
		self.add([IS_READ, *self.read()])

	def add(self, found: list[str]) -> None:
		# Without the cache the database is asked, by all.
		with contextlib.suppress(RedisError):
			if found:
				frappe.cache.sadd(self.key, *found)
