"""What all objects have in common. The keys are those of `--format json`: services/views.py, docs/json.md."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """An object of an answer."""

    model_config = ConfigDict(extra="forbid")


class Asked(BaseModel):
    """An object of a request. What nobody asked for is refused: a key that is misspelt must not mean "all"."""

    model_config = ConfigDict(extra="forbid", strict=True)
