"""What the sections of the configuration are made of: the class that they share, and the types of their values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from centralita.settings import checks


def none_if_empty(value: object) -> object:
    return None if value == "" else value


def listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1)]
OptionalText = Annotated[str | None, BeforeValidator(none_if_empty)]
Secret = Annotated[SecretStr, Field(min_length=1)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(none_if_empty)]
OptionalPath = Annotated[Path | None, BeforeValidator(none_if_empty)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(listed)]
Secrets = Annotated[tuple[Secret, ...], BeforeValidator(listed)]
HttpUrl = Annotated[str, AfterValidator(checks.http_url)]
HeaderName = Annotated[str, AfterValidator(checks.header_name)]
HeaderValue = Annotated[SecretStr, AfterValidator(checks.header_value)]
Cidr = Annotated[str, AfterValidator(checks.cidr)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A mapping of the file; a key that it does not have is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_not_given(cls, value: Any) -> Any:
        return {name: part for name, part in value.items() if part is not None} if isinstance(value, dict) else value
