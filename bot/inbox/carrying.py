"""What lies undelivered for somebody whose channel can push nothing, carried by the response to whatever they send."""

import asyncio
from collections.abc import Sequence
from functools import partial

from sqlalchemy.engine import Connection

from bot.db import DatabaseFault
from bot.inbox import outbox
from bot.inbox.outbox import Outgoing
from bot.inbox.writer import Writer


async def carried(writer: Writer, sender_id: str) -> list[Outgoing]:
    """The person's undelivered messages in order, now theirs: of several requests at once one carries each."""
    try:
        lying = await asyncio.to_thread(_lying, writer, sender_id)
    except DatabaseFault:
        return []
    if not lying:
        return []
    try:
        ours = await writer.write(partial(_mark, [message.id for message in lying]))
    except DatabaseFault:  # whether they are marked nobody knows: once more is better than never
        return lying
    return [message for message in lying if message.id in ours]


def _lying(writer: Writer, sender_id: str) -> list[Outgoing]:
    with writer.database.look() as connection:
        return outbox.pending(connection, sender_id)


def _mark(ids: Sequence[int], connection: Connection) -> set[int]:
    return {outbox_id for outbox_id in ids if outbox.mark_sent(connection, [outbox_id])}
