"""WeChat Official Account (公众号): signed XML in, a passive reply within five seconds, customer-service messages for what comes later."""

from bot.channels.wechat.channel import WeChatChannel

__all__ = ["WeChatChannel"]
