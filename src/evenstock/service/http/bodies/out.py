"""Base of what answers hold: described in the API's document, not validated again when sent."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Out(BaseModel):
    """Everything that is said stands in every answer: what is not known is null, never left out."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        found = handler.resolve_ref_schema(handler(core))
        names = [name for name in found.get("properties", {}) if name not in cls.__dict__.get("SOMETIMES", ())]
        found["required"] = names
        return found


Moment = AwareDatetime
"""RFC 3339, UTC."""
Day = date
Money = Annotated[int, Field(description="Cents")]
Digest = Annotated[str, Field(description="Names a snapshot by its content")]
Plain = dict[str, Any]
