"""Files in a request: parts of a form (RFC 7578) or a zip archive, each named as a table."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from email.message import Message
from pathlib import PurePosixPath
from typing import Any, Final

from fastapi import Request

from evenstock.service.http.problems import MEDIA_TYPE, Problem
from evenstock.service.http.reading import SizedRequest
from evenstock.service.http.replies import JSON

MULTIPART: Final = "multipart/form-data"
ZIP: Final = "application/zip"
MOST_FILES: Final = 100
LONGEST_NAME: Final = 200
NAME_PATTERN: Final = r"^[A-Za-z0-9_-][A-Za-z0-9_. -]*$"
LARGEST_UNPACKED: Final = 512_000_000
"""Bytes of all files of an archive together: what grows beyond is refused before it is unpacked."""
_ENDINGS: Final = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/x-ndjson": ".ndjson",
    "application/vnd.apache.arrow.stream": ".arrow",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}
_NAME: Final = re.compile(NAME_PATTERN.strip("^$"))
FILES_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "Files named as their tables, such as nodes.csv: parts of a form, or one zip archive",
        "content": {
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": MOST_FILES,
                    "propertyNames": {"pattern": NAME_PATTERN, "maxLength": LONGEST_NAME},
                    "additionalProperties": {"type": "string", "format": "binary"},
                }
            },
            ZIP: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
"""How a route says that its body is files."""


def report_or_problem(model: Any, description: str) -> dict[str, Any]:
    """How a route says that it answers what is wrong with the files by a report, and anything else by a problem."""
    problem = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
    return {"model": model, "description": description, "content": {JSON: {}, MEDIA_TYPE: problem}}


def files_of(request: Request) -> dict[str, bytes]:
    """Content by file name; a part without a file name is called by its field and the ending of its media type.

    Raises
    ------
    Problem
        For another kind of body, one that cannot be read, a name that stands twice or is none, or too many files.
    """
    assert isinstance(request, SizedRequest)
    header = Message()
    header["Content-Type"] = request.headers.get("content-type", "")
    kind = header.get_content_type() if request.headers.get("content-type") else ""
    if kind == MULTIPART:
        found = _parts(request.sent, str(header.get_param("boundary") or ""))
    elif kind == ZIP:
        found = _unpacked(request.sent)
    else:
        raise Problem("unsupported_media_type", f"files come as {MULTIPART}, or zipped as {ZIP}")
    files: dict[str, bytes] = {}
    for name, content in found:
        if name in files:
            raise Problem("invalid_request", f"the file {name} stands twice", errors=[(name, "keep one of them")])
        if len(files) == MOST_FILES:
            raise Problem("too_large", f"more than {MOST_FILES} files; send fewer")
        files[name] = content
    if not files:
        raise Problem("invalid_request", "there is no file in the body", errors=[("", "send one file a table")])
    return files


def _parts(body: bytes, boundary: str) -> Iterator[tuple[str, bytes]]:
    mark = b"--" + boundary.encode("ascii", "replace")
    if not boundary or len(boundary) > 70 or not body.startswith(mark):
        raise Problem("malformed_body", "the form does not begin with the boundary that its Content-Type names")
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if not pieces[-1].startswith(b"--"):
        raise Problem("malformed_body", "the form does not end with its boundary: it was cut short")
    for piece in pieces[1:-1]:
        head, gap, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not gap or len(head) > 8_000:
            raise Problem("malformed_body", "a part of the form has no headers")
        yield _name_of(head), content


def _name_of(head: bytes) -> str:
    told = Message()
    for line in head.decode("utf-8", "replace").split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() in {"content-disposition", "content-type"} and key.strip() not in told:
            told[key.strip()] = value.strip()
    name: object = told.get_filename()
    if name is None:
        field = told.get_param("name", header="content-disposition")
        ending = _ENDINGS.get(told.get_content_type(), "")
        name = f"{field}{ending}" if isinstance(field, str) and not PurePosixPath(field).suffix else field
    return _plain_name(str(name or ""))


def _unpacked(body: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            inside = [one for one in archive.infolist() if not one.is_dir()]
            if len(inside) > MOST_FILES:
                raise Problem("too_large", f"the archive has {len(inside)} files; at most {MOST_FILES} are taken")
            if sum(one.file_size for one in inside) > LARGEST_UNPACKED:
                raise Problem("too_large", f"unpacked, the archive has more than {LARGEST_UNPACKED:,} bytes")
            for one in inside:
                if one.flag_bits & 1:
                    raise Problem("malformed_body", f"{one.filename[:100]} is encrypted; send it open")
                with archive.open(one) as opened:
                    # What the directory says of its size is not believed.
                    content = opened.read(one.file_size + 1)
                if len(content) != one.file_size:
                    raise Problem("malformed_body", f"{one.filename[:100]} is not as long as the archive says")
                yield _plain_name(PurePosixPath(one.filename).name), content
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise Problem("malformed_body", f"this is no zip archive that can be read: {error}") from None
    except zipfile.zlib.error as error:  # type: ignore[attr-defined]
        raise Problem("malformed_body", f"the archive is damaged: {error}") from None


def _plain_name(name: str) -> str:
    """The name of a file that is nothing but a name: it is written into a folder of its own."""
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        raise Problem(
            "invalid_request",
            f"{name[:100]!r} is no name of a file here",
            errors=[(name[:100], "call it as its table, such as nodes.csv")],
        )
    return name
