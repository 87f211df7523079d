"""The console's application: its areas, what guards them, and how failures look."""

from typing import Any

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from bot.db import DatabaseFault
from bot.helpdesk.console import refusals
from bot.helpdesk.console.access import Forbidden, NotSignedIn, proven
from bot.helpdesk.console.desk import Desk
from bot.helpdesk.console.gate import Gate
from bot.helpdesk.console.pages import (
    ask,
    audit,
    calls,
    conversations,
    dashboard,
    data,
    entry,
    events,
    learning,
    people,
    report,
    sample,
    switches,
)
from bot.helpdesk.console.rendering import STATIC
from bot.helpdesk.lookup.wholenumbers import TooManyNumbersError

AREAS = (entry, events, conversations, calls, sample, switches, ask, people, audit, data, report, dashboard, learning)


def create_app(desk: Desk, lifespan: Any = None) -> FastAPI:
    """The application over this desk. Nothing is connected before the first request."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan, dependencies=[Depends(proven)])
    app.state.desk = desk
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for area in AREAS:
        app.include_router(area.router)
    app.add_middleware(Gate)
    app.exception_handler(NotSignedIn)(refusals.to_login)
    app.exception_handler(Forbidden)(refusals.forbidden)
    app.exception_handler(HTTPException)(refusals.refused)
    app.exception_handler(RequestValidationError)(refusals.invalid)
    app.exception_handler(OverflowError)(refusals.invalid)  # a number in a form that no database takes
    app.exception_handler(TooManyNumbersError)(refusals.too_many_numbers)
    app.exception_handler(DatabaseFault)(refusals.unavailable)
    app.exception_handler(Exception)(refusals.mistake)
    return app
