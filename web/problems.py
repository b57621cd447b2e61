"""Problem details (RFC 9457), the form of errors for programs, as pydantic models."""

from pydantic import BaseModel, Field


class RefusedField(BaseModel):
    """A field that can't be used, and why."""

    field: str
    detail: str


class Problem(BaseModel):
    """An error as RFC 9457 describes it."""

    type: str = Field(
        description="Names the kind of problem; stable.",
        examples=["urn:findalike:problem:unknown-product"],
    )
    title: str = Field(examples=["No such product"])
    status: int = Field(examples=[404])
    detail: str = Field(
        description="What is wrong and what to do.", examples=["No product has the sku 'X'."]
    )
    reason: str | None = Field(default=None, description="Short code of why a picture is refused.")
    errors: list[RefusedField] | None = Field(default=None, description="Refused fields.")
