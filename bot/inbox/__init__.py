"""The one intake of every channel: normalise, mask, de-duplicate, journal, hold, outbox. Imports nothing of ours but ``bot.db``."""
