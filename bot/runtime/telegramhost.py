"""The process that fetches Telegram's updates, or watches over the webhook that brings them.

`python -m bot.runtime.telegramhost REPORT ADDRESS`, ADDRESS being where the workers of this bot serve. No Rasa here.
"""

import asyncio
import signal
import sys
from contextlib import suppress

from bot import settings
from bot.channels.telegram.access import PATH, access
from bot.contact import contact
from bot.messages import message
from bot.runtime import logs
from bot.runtime.child import SERVING, Supervisor


async def serve(address: str, supervisor: Supervisor) -> None:
    """Serve until SIGTERM or until the supervisor is gone. SettingsError for a token that cannot be one."""
    from bot.channels.telegram.poller import Poller
    from bot.channels.telegram.sending import bot_of

    loaded = settings.load()
    account = access(loaded)
    if account is None:
        return
    delayed = message("inbox.delayed", phone=contact(loaded.current_date()).policy_phone)
    work = asyncio.create_task(Poller(bot_of(account), account, address + PATH, delayed).run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    supervisor.tell(SERVING)
    with suppress(asyncio.CancelledError):
        await work


def main() -> None:
    """Entry point of the process."""
    report, address = sys.argv[1:]
    supervisor = Supervisor(int(report))
    logs.configure(rasa=False)
    asyncio.run(serve(address, supervisor))


if __name__ == "__main__":
    main()
