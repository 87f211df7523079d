"""Locks on Redis: a key that ends by itself, handed from one owner to the next, who is told over a channel.

The key of a lock holds the token of its owner; beside it stands a queue of tokens, sorted by arrival. Who gives the lock back
hands it to the first in the queue whose process still listens. Nobody looks again and again: a waiter looks when it is told,
and when the owner's time is up.
"""

import asyncio
import hashlib
import itertools
import logging
import os
import time

from rasa.core.lock_store import LockError
from redis.exceptions import NoScriptError, RedisError

from bot.runtime.faults import first_line
from bot.runtime.locks.held import LEASE_SECONDS, background
from bot.runtime.locks.turns import until
from bot.runtime.locks.wire import Wire

logger = logging.getLogger(__name__)

PREFIX = "xueshitong:lock:"
LEASE_MS = int(LEASE_SECONDS * 1000)
QUEUE_MS = 600_000
"""A queue that nobody joins for so long is forgotten by Redis."""
HAD = -1

# KEYS lock, queue; ARGV token, lease, arrival ("" to look without queueing), life of the queue. -1, or the owner's ms left.
ACQUIRE = """
local owner = redis.call('GET', KEYS[1])
if not owner or owner == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  redis.call('ZREM', KEYS[2], ARGV[1])
  return -1
end
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[2], 'NX', ARGV[3], ARGV[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
return redis.call('PTTL', KEYS[1])
"""

# KEYS lock, queue; ARGV token, lease. A token begins with the channel on which its process listens. 1 if the lock was this token's.
RELEASE = """
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
while true do
  local first = redis.call('ZPOPMIN', KEYS[2])[1]
  if not first then
    redis.call('DEL', KEYS[1])
    return 1
  end
  redis.call('SET', KEYS[1], first, 'PX', ARGV[2])
  if redis.call('PUBLISH', string.match(first, '^[^#]+'), first) > 0 then
    return 1
  end
end
"""

# KEYS lock; ARGV token, lease. A Redis that was started anew has forgotten the lock: it is put back unless somebody has it.
RENEW = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
SHA = {script: hashlib.sha1(script.encode()).hexdigest() for script in (ACQUIRE, RELEASE, RENEW)}


class RedisLocks:
    """Locks on one Redis server, over two connections: one for commands, one (after the first wait) to be told on."""

    def __init__(self, url: str) -> None:
        self._channel = f"{PREFIX}{os.urandom(8).hex()}"
        self._numbers = itertools.count()
        self._waiting: dict[str, asyncio.Future] = {}
        self._commands = Wire(url)
        self._told = Wire(url, ("SUBSCRIBE", self._channel), self._hand_over, self._wake_all)

    async def acquire(self, name: str, deadline: float) -> "RedisLease":
        """The lock of a name. LockError when Redis fails; TimeoutError when it was not free by this time of the loop's clock."""
        lease = RedisLease(self, name, f"{self._channel}#{next(self._numbers)}")
        try:
            if await self.run(ACQUIRE, lease.keys, lease.token, LEASE_MS, "", QUEUE_MS) != HAD:
                await self._queue(lease, deadline)
            lease.had = True
        except RedisError as error:
            background(lease.release())
            raise LockError(f"Redis gives no locks: {first_line(error)}") from None
        except BaseException:
            background(lease.release())
            raise
        return lease

    async def close(self) -> None:
        """Close the connections."""
        await self._commands.close()
        await self._told.close()

    async def run(self, script: str, keys: tuple[str, ...], *arguments: str | int | float) -> int:
        """What the script returns. RedisError."""
        try:
            return int(await self._commands.call("EVALSHA", SHA[script], len(keys), *keys, *arguments))
        except NoScriptError:
            return int(await self._commands.call("EVAL", script, len(keys), *keys, *arguments))

    async def _queue(self, lease: "RedisLease", deadline: float) -> None:
        loop = asyncio.get_running_loop()
        arrival = time.time()
        try:
            while True:
                handed = self._waiting[lease.token] = loop.create_future()
                await self._told.open()
                left = await self.run(ACQUIRE, lease.keys, lease.token, LEASE_MS, arrival, QUEUE_MS)
                if left == HAD:
                    return
                try:
                    await until(handed, min(deadline, loop.time() + (left + 1) / 1000))
                except TimeoutError:
                    if loop.time() >= deadline:
                        raise
                else:
                    if handed.result():
                        return
        finally:
            self._waiting.pop(lease.token, None)

    def _hand_over(self, token: bytes) -> None:
        handed = self._waiting.get(token.decode())
        if handed is not None and not handed.done():
            handed.set_result(True)

    def _wake_all(self) -> None:
        """The channel is lost, and perhaps a hand-over with it: everybody looks for himself."""
        for handed in self._waiting.values():
            if not handed.done():
                handed.set_result(False)


class RedisLease:
    """A lock on Redis, or a place in its queue; see `held.Lease`."""

    def __init__(self, locks: RedisLocks, name: str, token: str) -> None:
        key = PREFIX + hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        self.keys = (key, key + ":queue")
        self.token = token
        self.had = False
        self._locks = locks

    async def renew(self) -> None:
        try:
            if not await self._locks.run(RENEW, self.keys[:1], self.token, LEASE_MS):
                logger.warning("A conversation's lock on Redis went to another process while it was in use here.")
        except RedisError as error:
            logger.warning("A conversation's lock on Redis could not be renewed: %s", first_line(error))

    async def release(self) -> None:
        try:
            await self._locks.run(RELEASE, self.keys, self.token, LEASE_MS)
        except RedisError as error:
            if self.had:
                logger.warning("A conversation's lock on Redis could not be given back and ends by itself: %s", first_line(error))
