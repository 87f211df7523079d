"""The page and its assets: one template, one style sheet, one script, one icon. Nothing comes from another host."""

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.inbox.text import MAX_TEXT
from bot.messages import message

_FOLDER = Path(__file__).parent / "static"
_TEMPLATE = "page.html.j2"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Asset:
    """A file of the page. ``version`` changes with its content, so that browsers may keep it for ever."""

    content: bytes
    content_type: str
    version: str


@dataclass(frozen=True)
class Page:
    """The rendered page and its assets by file name."""

    html: str
    assets: dict[str, Asset]


def load_page(base: str, today: date | None) -> Page:
    """Render the page for the routes under ``base``; ``today`` shows the banner that figures are counted as of that date."""
    assets = {path.name: _asset(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template(_TEMPLATE).render(
        base=base,
        asset={name: f"{base}/assets/{name}?v={asset.version}" for name, asset in assets.items()},
        banner=message("channels.web.banner", today=today.isoformat()) if today else None,
        starters=message("channels.web.starters").strip().split("\n"),
        max_text=MAX_TEXT,
    )
    return Page(html, assets)


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, _TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:12])
