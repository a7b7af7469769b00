"""What a handler is called with: its path, query and header parameters, its body, and what the service gives it.

Read straight from the request by a plan made once a route; the framework's own solver costs several times the work of most
handlers. What a handler may ask for is therefore little: anything else is refused when the route is mounted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from fastapi.dependencies.models import Dependant
from pydantic import Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from starlette.requests import Request

from evenstock.service.http.problems import invalid
from evenstock.service.http.reading import plain_text, read_model

_MANY: Final = (list, set, frozenset, tuple)
MOST_VALUES: Final = 1_000
"""Of one parameter that may be said again."""
Giver = Callable[[Request], Any]


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One value of the address or the headers."""

    name: str
    """As the handler calls it."""
    alias: str
    """As the caller writes it."""
    place: str
    """`path`, `query`, `header` or `cookie`."""
    many: bool
    adapter: TypeAdapter[Any]
    required: bool
    default: Callable[[], Any]
    fixed: bool
    """Whether its default is one value that nobody can change, and not a fresh one each time."""
    plain: bool
    """Whether any text is right, so that nothing need be validated."""


class Arguments:
    """The plan by which one handler's arguments are found."""

    __slots__ = ("_any_query", "_body", "_given", "_known", "_parameters", "_request", "_unasked", "_usual")

    def __init__(self, dependant: Dependant, body: Any, *, any_query: bool) -> None:
        strange = _strange(dependant)
        if strange:
            raise TypeError(f"{getattr(dependant.call, '__name__', dependant.call)}: {strange}")
        self._request = dependant.request_param_name
        self._given: tuple[tuple[str, Giver], ...] = tuple(
            (one.name, one.call) for one in dependant.dependencies if one.name and one.call
        )
        self._parameters = tuple(_parameters(dependant))
        self._usual = {one.name: one.default() for one in self._parameters if one.fixed}
        """What is not said, or is not said otherwise."""
        self._unasked = tuple(one for one in self._parameters if one.place != "query" or not one.fixed)
        """Parameters to look for where the address has no query."""
        self._known = frozenset(one.alias for one in self._parameters if one.place == "query")
        self._any_query = any_query
        self._body: tuple[str, TypeAdapter[Any], bool] | None = None
        if body is not None:
            info = dependant.body_params[0].field_info
            found: TypeAdapter[Any] = TypeAdapter(_kind(info))
            self._body = (dependant.body_params[0].name, found, info.is_required())

    @property
    def takes_body(self) -> bool:
        return self._body is not None

    def of(self, request: Request, path: Mapping[str, str], sent: bytes) -> dict[str, Any]:
        """Everything the handler wants. Raises Problem with each place that is wrong."""
        found: dict[str, Any] = self._usual.copy()
        wrong: list[dict[str, Any]] = []
        if self._request:
            found[self._request] = request
        for name, give in self._given:
            found[name] = give(request)
        query = request.scope.get("query_string", b"")
        if query and not self._any_query:
            wrong += self._unknown(request)
        for one in self._parameters if query else self._unasked:
            values = _values(one, request, path, query)
            if not values:
                if one.required:
                    wrong.append({"loc": (one.place, one.alias), "msg": "it is missing"})
                elif not one.fixed:
                    found[one.name] = one.default()
            else:
                _read(one, values, found, wrong)
        if wrong:
            raise invalid(wrong)
        if self._body is not None:
            name, adapter, required = self._body
            if sent or required:
                found[name] = read_model(adapter, sent)
        return found

    def _unknown(self, request: Request) -> Iterator[dict[str, Any]]:
        for name in request.query_params:
            if name not in self._known:
                there = f"; there is {', '.join(sorted(self._known))}" if self._known else "; there is none here"
                yield {"loc": ("query", name[:100]), "msg": f"no such parameter{there}"}


def _values(one: _Parameter, request: Request, path: Mapping[str, str], query: bytes) -> Sequence[str]:
    match one.place:
        case "path":
            return (path[one.alias],)
        case "query":
            return request.query_params.getlist(one.alias) if query else ()
        case "header":
            return request.headers.getlist(one.alias)
        case _:
            said = request.cookies.get(one.alias)
            return () if said is None else (said,)


def _read(one: _Parameter, values: Sequence[str], found: dict[str, Any], wrong: list[dict[str, Any]]) -> None:
    where = (one.place, one.alias)
    if len(values) > (MOST_VALUES if one.many else 1):
        most = f"at most {MOST_VALUES} times" if one.many else "once"
        wrong.append({"loc": where, "msg": f"it is said {len(values)} times; say it {most}"})
        return
    try:
        clean = [plain_text(value) for value in values]
    except ValueError as error:
        wrong.append({"loc": where, "msg": str(error)})
        return
    if one.plain:
        found[one.name] = clean[0]
        return
    try:
        found[one.name] = one.adapter.validate_python(clean if one.many else clean[0])
    except ValidationError as error:
        wrong += [
            {"loc": (*where, *each["loc"]), "msg": each["msg"]}
            for each in error.errors(include_input=False, include_url=False, include_context=False)
        ]


def _parameters(dependant: Dependant) -> Iterator[_Parameter]:
    for place, fields in (
        ("path", dependant.path_params),
        ("query", dependant.query_params),
        ("header", dependant.header_params),
        ("cookie", dependant.cookie_params),
    ):
        for field in fields:
            info = field.field_info
            yield _Parameter(
                field.name,
                field.alias,
                place,
                _is_many(info.annotation),
                TypeAdapter(_kind(info)),
                info.is_required(),
                partial(info.get_default, call_default_factory=True),
                not info.is_required() and info.default_factory is None and _lasting(info.default),
                info.annotation is str and not info.metadata,
            )


def _lasting(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | Enum)


def _kind(info: FieldInfo) -> Any:
    """The type with everything that was said of it, a body's discriminator too."""
    kind: Any = info.annotation
    if info.discriminator is not None:
        return Annotated[kind, Field(discriminator=info.discriminator)]
    return Annotated[kind, *info.metadata] if info.metadata else kind


def _is_many(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in (Union, UnionType, Annotated):
        return any(_is_many(each) for each in get_args(annotation))
    return (origin or annotation) in _MANY


def _strange(dependant: Dependant) -> str:
    """What the plan cannot serve; empty where it can."""
    if len(dependant.body_params) > 1:
        return "a handler takes one body"
    if any(type(field.field_info).__name__ in {"Form", "File"} for field in dependant.body_params):
        return "bodies are JSON; read forms and files from the request yourself"
    for one in dependant.dependencies:
        inner = (*one.path_params, *one.query_params, *one.header_params, *one.cookie_params, *one.body_params)
        if inner or one.dependencies:
            return f"{one.name}: what is given to a handler depends on the request alone"
    others = (
        dependant.websocket_param_name, dependant.response_param_name, dependant.background_tasks_param_name,
        dependant.security_scopes_param_name, dependant.http_connection_param_name,
    )  # fmt: skip
    return "a handler takes the request, parameters, a body and the service, nothing else" if any(others) else ""
