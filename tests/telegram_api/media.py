"""What people send beside text, as the Bot API shows it."""

from typing import Any

_FILE = {"file_id": "AgACAgUAAxkBAAIB", "file_unique_id": "AQADx8cxG0", "file_size": 20480}
_POLL_OPTIONS = [{"persistent_id": str(number), "text": text, "voter_count": 0} for number, text in enumerate(("公需", "专业"))]
_DEFAULTS: dict[str, dict[str, Any]] = {
    "document": {**_FILE, "file_name": "学时证明.pdf", "mime_type": "application/pdf"},
    "voice": {**_FILE, "duration": 3, "mime_type": "audio/ogg"},
    "audio": {**_FILE, "duration": 180, "mime_type": "audio/mpeg"},
    "video": {**_FILE, "width": 640, "height": 360, "duration": 7, "mime_type": "video/mp4"},
    "video_note": {**_FILE, "length": 240, "duration": 5},
    "animation": {**_FILE, "width": 320, "height": 240, "duration": 2, "mime_type": "video/mp4", "file_name": "giphy.mp4"},
    "sticker": {**_FILE, "width": 512, "height": 512, "is_animated": False, "is_video": False, "type": "regular", "emoji": "👍"},
    "location": {"latitude": 36.617, "longitude": 101.778},
    "contact": {"phone_number": "+8613800000000", "first_name": "小马"},
    "dice": {"emoji": "🎲", "value": 4},
    "poll": {
        "id": "5134567890123456789",
        "question": "学哪一科？",
        "options": _POLL_OPTIONS,
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": False,
        "members_only": False,
    },
}
KINDS = ("photo", *_DEFAULTS)


def content(**what: Any) -> dict[str, Any]:
    """Message fields for e.g. `photo=True` or `document={"file_name": "a.xlsx"}`; other names pass as they are."""
    fields: dict[str, Any] = {}
    for kind, value in what.items():
        if kind == "photo":
            sizes = [(90, 67), (320, 240), (1280, 960)]
            each = value if isinstance(value, dict) else {}
            fields[kind] = [{**_FILE, "file_unique_id": f"AQ{w}", "width": w, "height": h, **each} for w, h in sizes]
        elif kind in _DEFAULTS:
            fields[kind] = {**_DEFAULTS[kind], **(value if isinstance(value, dict) else {})}
        else:
            fields[kind] = value
    if "animation" in fields:  # clients without animations are shown a document, so both stand in the message
        names = (*_FILE, "file_name", "mime_type")
        fields["document"] = {name: fields["animation"][name] for name in names if name in fields["animation"]}
    return fields
