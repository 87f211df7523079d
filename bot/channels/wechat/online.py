"""What the platform itself says about the account: looked at with its API, without sending anybody anything."""

from collections.abc import Callable, Iterator

from bot.channels.wechat.account import Account
from bot.channels.wechat.client import Api, ApiFault
from bot.channels.wechat.menu import entries
from bot.channels.wechat.noticed import AES_KEY, OFF, VOICE
from bot.db import Database
from bot.inbox import shared_state
from bot.messages import message
from bot.settings import Settings

Finding = tuple[str, str | None]
"""What was looked at, and what is wrong with it; None when it is in order."""

_NOBODY = "o_nobody-at-all"
"""No follower has this id: the platform checks the right to send before the person."""
_UNKNOWN_PERSON = frozenset({40003, 40164, 45015, 43004})


def findings(account: Account, settings: Settings, database: Database) -> Iterator[Finding]:
    """Look at each thing in turn. DatabaseFault."""
    yield _named("aes_key"), message("channels.wechat.online.wrong_aes_key") if _seen(database, settings, AES_KEY) else None
    voice = _seen(database, settings, VOICE)
    yield _named("voice"), message("channels.wechat.online.no_voice") if voice == OFF else None
    if account.secret is None:
        yield _named("secret"), message("channels.wechat.online.no_secret")
        return
    api = Api(account, database, settings.now)
    token = _asked(lambda: api.look("get_api_domain_ip"))
    yield _named("token"), token
    if token is not None:
        return
    yield _named("service"), _service(api)
    yield _named("menu"), _menu(api)


def _named(what: str) -> str:
    return message(f"channels.wechat.online.looked.{what}")


def _seen(database: Database, settings: Settings, what: str) -> str | None:
    """What a running bot has noticed of the account lately."""
    with database.look() as connection:
        return shared_state.recall(connection, what, settings.now())


def _asked(call: Callable[[], object]) -> str | None:
    try:
        call()
    except ApiFault as fault:
        return refusal(fault)
    return None


def _service(api: Api) -> str | None:
    """Whether the account may send customer-service messages: asked for nobody, who gets nothing."""
    try:
        api.send_text(_NOBODY, "-")
    except ApiFault as fault:
        return None if fault.code in _UNKNOWN_PERSON else refusal(fault)
    return None


def _menu(api: Api) -> str | None:
    try:
        found = api.look("get_current_selfmenu_info")
    except ApiFault as fault:
        return refusal(fault)
    shown = [str(button.get("name")) for button in (found.get("selfmenu_info") or {}).get("button", [])]
    if not found.get("is_menu_open") or not shown:
        return message("channels.wechat.online.no_menu")
    return (
        None
        if shown == [str(entry["name"]) for entry in entries()]
        else message("channels.wechat.online.other_menu", names="、".join(shown))
    )


def refusal(fault: ApiFault) -> str:
    """What the platform's refusal means, and what to do about it."""
    known = message("channels.wechat.online.codes").split()
    if str(fault.code) in known:
        return message(f"channels.wechat.online.refused.{fault.code}", said=fault.said)
    return message("channels.wechat.online.refused.other", code=fault.code or "-", said=fault.said)
