"""A chat that goes on under another id: Telegram gives a group a new one when it becomes a supergroup."""

from sqlalchemy import column as column_of
from sqlalchemy import func, inspect, literal, or_, table, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError


def move(connection: Connection, old: str, new: str) -> None:
    """Give everything of the sender, and of its topics (``old/…``), to ``new``; whatever ``new`` has already stays its own."""
    for name in inspect(connection).get_table_names():
        if not any(column["name"] == "sender_id" for column in inspect(connection).get_columns(name)):
            continue
        of_table = table(name, column_of("sender_id"))
        mine = or_(of_table.c.sender_id == old, of_table.c.sender_id.startswith(old + "/", autoescape=True))
        moved = literal(new).concat(func.substr(of_table.c.sender_id, len(old) + 1))
        try:
            with connection.begin_nested():
                connection.execute(update(of_table).where(mine).values(sender_id=moved))
        except IntegrityError:  # the new chat has rows of the same key: it has gone on by itself
            continue
