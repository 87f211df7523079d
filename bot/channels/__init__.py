"""Channels: each verifies, translates and delivers. Everything else about a message is the inbox's."""
