"""The web chat: page at ``/``, everything else under ``/webhooks/web/``."""

from bot.channels.web.channel import WebChannel

__all__ = ["WebChannel"]
