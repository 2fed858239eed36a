"""The base of everything that people write into a file."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Strict(BaseModel):
    """A model that names unknown fields and the ones it would have accepted."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _unknown_fields(cls, values: Any) -> Any:
        if isinstance(values, dict):
            unknown = [str(key) for key in values if key not in cls.model_fields]
            if unknown:
                raise ValueError(
                    f"unknown field{'s' * (len(unknown) > 1)} {', '.join(unknown)}; "
                    f"accepted: {', '.join(cls.model_fields)}"
                )
        return values
