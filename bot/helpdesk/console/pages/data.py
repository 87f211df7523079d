"""Data: files are brought, checked and imported, and imports taken back. For admins alone."""

import threading
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import FileResponse, RedirectResponse, Response

from bot.helpdesk.console.access import Admin
from bot.helpdesk.console.desk import AtDesk, Desk
from bot.helpdesk.console.rendering import render
from bot.helpdesk.records import uploadfiles, uploads
from bot.helpdesk.records.importing import Workshop
from bot.helpdesk.records.uploadfiles import UploadRefusedError
from bot.helpdesk.staff.sessions import Member
from bot.helpdesk.words import word
from bot.hours import vocabulary
from bot.hours.importer import KINDS
from bot.hours.models import ImportBatch

router = APIRouter(prefix="/data")
BLOCK = 1 << 20
ENVELOPE = 1 << 16  # bytes of a form beside its file
_making = threading.Lock()


def workshop(request: Request, desk: AtDesk) -> Workshop:
    """What works in the background of this process, made on first use."""
    with _making:
        if not hasattr(request.app.state, "workshop"):
            request.app.state.workshop = Workshop(desk.database, desk.settings.now)
        made: Workshop = request.app.state.workshop
        return made


AtWork = Annotated[Workshop, Depends(workshop)]


@router.get("")
def overview(request: Request, desk: AtDesk, member: Admin, work: AtWork, page: int = 1) -> Response:
    """Where files are brought, what became of them, and all imports."""
    return _overview(request, desk, member, work, min(max(page, 1), 10_000), "")


@router.post("/upload")
async def upload(request: Request, desk: AtDesk, member: Admin, work: AtWork) -> Response:
    """Take a file in and begin to check it."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > uploadfiles.MOST_BYTES + ENVELOPE:
        said = uploadfiles.too_large() if length.isdecimal() else word("data.refused.length")
        return await run_in_threadpool(_refused, request, desk, member, work, said)
    form = await request.form(max_files=1)
    file, kind = form.get("file"), str(form.get("kind", ""))
    if not isinstance(file, UploadFile) or not file.filename:
        return await run_in_threadpool(_refused, request, desk, member, work, word("data.refused.no_file"))
    return await run_in_threadpool(_taken, request, desk, member, work, file.filename, file.file, kind)


@router.get("/{upload_id:int}")
def one(request: Request, member: Admin, work: AtWork, upload_id: int, page: int = 1) -> Response:
    """One file: what was found in it, and what may be done with it."""
    return render(request, "data/upload.html", member, **_one(work, upload_id, page))


@router.get("/{upload_id:int}/state")
def state(request: Request, member: Admin, work: AtWork, upload_id: int) -> Response:
    """The same without the page around it, asked for while it is being worked on."""
    return render(request, "data/state.html", member, **_one(work, upload_id, 1))


@router.get("/{upload_id:int}/errors.csv")
def errors(member: Admin, work: AtWork, upload_id: int) -> Response:
    """Everything that is wrong in the file, as CSV."""
    found = work.look(upload_id)
    if found is None or found.errors is None:
        raise HTTPException(404)
    return FileResponse(found.errors, media_type="text/csv; charset=utf-8", filename=f"errors-{upload_id}.csv")


@router.post("/{upload_id:int}/check")
def check(desk: AtDesk, member: Admin, work: AtWork, upload_id: int, kind: Annotated[str, Form()] = "") -> Response:
    """Check it again, perhaps as another of the three files."""
    chosen = {"kind": kind} if kind in KINDS else {}
    if _moved(desk, upload_id, uploads.LYING, uploads.CHECKING, progress=0.0, outcome={}, **chosen):
        work.check(upload_id)
    return RedirectResponse(f"/data/{upload_id}", 303)


@router.post("/{upload_id:int}/import")
def import_now(desk: AtDesk, member: Admin, work: AtWork, upload_id: int, skip_bad: Annotated[str, Form()] = "") -> Response:
    """Import what was checked; with bad lines only where somebody says to skip them."""
    found = work.look(upload_id)
    if found is None:
        raise HTTPException(404)
    if (not found.bad_lines or skip_bad) and _moved(desk, upload_id, [uploads.CHECKED], uploads.IMPORTING, progress=0.0):
        work.import_now(upload_id, bool(skip_bad), member.actor)
    return RedirectResponse(f"/data/{upload_id}", 303)


@router.post("/{upload_id:int}/give-up")
def give_up(desk: AtDesk, member: Admin, work: AtWork, upload_id: int) -> Response:
    """Delete a file that is not wanted after all."""
    found = work.look(upload_id)
    if found is not None and _moved(desk, upload_id, (uploads.CHECKING, *uploads.LYING), uploads.GIVEN_UP, path=None, outcome={}):
        uploadfiles.delete_files(found.path)
    return RedirectResponse("/data", 303)


@router.get("/batches/{batch_id:int}")
def batch(request: Request, desk: AtDesk, member: Admin, work: AtWork, batch_id: int) -> Response:
    """One import, with what its undoing would do."""
    return render(request, "data/batch.html", member, **_batch(desk, work, batch_id))


@router.get("/batches/{batch_id:int}/state")
def undoing(request: Request, desk: AtDesk, member: Admin, work: AtWork, batch_id: int) -> Response:
    """How the undoing goes."""
    return render(request, "data/undoing.html", member, **_batch(desk, work, batch_id))


@router.post("/batches/{batch_id:int}/undo")
def undo(member: Admin, work: AtWork, batch_id: int) -> Response:
    """Take a whole import back."""
    work.undo(batch_id, member.actor)
    return RedirectResponse(f"/data/batches/{batch_id}", 303)


def _taken(
    request: Request, desk: Desk, member: Admin, work: Workshop, name: str, source: BinaryIO, kind: str
) -> Response:  # fmt: skip
    uploads.tidy(desk.database, desk.now - uploads.KEPT, uploadfiles.place_of(desk.settings))
    try:
        with uploadfiles.received(desk.settings, name, _blocks(source)) as path:
            chosen = kind if kind in KINDS else uploadfiles.guess_kind(path)
            with desk.database.write() as session:
                upload_id = uploads.add(session, member.id, chosen, path, desk.now)
    except UploadRefusedError as refused:
        return _refused(request, desk, member, work, str(refused))
    work.check(upload_id)
    where = f"/data/{upload_id}"
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Redirect": where})
    return RedirectResponse(where, 303)


def _blocks(source: BinaryIO) -> Iterator[bytes]:
    while block := source.read(BLOCK):
        yield block


def _refused(request: Request, desk: Desk, member: Member, work: Workshop, said: str) -> Response:
    if request.headers.get("hx-request"):
        return render(request, "data/said.html", member, said=said)
    return _overview(request, desk, member, work, 1, said, 422)


def _overview(request: Request, desk: Desk, member: Member, work: Workshop, page: int, said: str, status: int = 200) -> Response:
    with desk.database.read() as session:
        open_ones = [upload.id for upload in uploads.recent(session)]
        imports, more = uploads.batches(session, page)
    found = [upload for upload in map(work.look, open_ones) if upload is not None]
    headings = {kind: list(vocabulary.headings(kind).values()) for kind in KINDS}
    return render(
        request, "data/index.html", member, status, uploads=found, imports=imports, more=more, page=page, said=said, headings=headings,
        most=uploadfiles.MOST_BYTES,
    )  # fmt: skip


def _one(work: Workshop, upload_id: int, page: int) -> dict[str, Any]:
    found = work.look(upload_id)
    if found is None:
        raise HTTPException(404)
    page = min(max(page, 1), 100_000)
    faults, more = uploadfiles.fault_lines(found.errors, page) if found.errors and not found.busy else ([], False)
    stage, share = work.progress(upload_id) or ("check" if found.state == uploads.CHECKING else "write", found.progress)
    big = found.size >= uploads.BIG and work.holds_others_up
    return {"upload": found, "faults": faults, "more": more, "page": page, "stage": stage, "share": share, "big": big, "kinds": KINDS}


def _batch(desk: Desk, work: Workshop, batch_id: int) -> dict[str, Any]:
    with desk.database.read() as session:
        found = session.get(ImportBatch, batch_id)
    if found is None:
        raise HTTPException(404)
    return {"batch": found, "undoing": work.undoing(batch_id)}


def _moved(desk: Desk, upload_id: int, before: Any, after: str, **values: Any) -> bool:
    with desk.database.write() as session:
        return uploads.move(session, upload_id, before, after, desk.now, **values)
