"""What is set, and whether it suffices."""

from typing import Any, Literal, TypedDict

Setting = TypedDict("Setting", {"value": Any, "from": str})


class ConfigDocument(TypedDict):
    """What ``config --format json`` prints: each setting and where it comes from."""

    schema: Literal["ctxreview.config/1"]
    settings: dict[str, Setting]


class Check(TypedDict):
    """One thing that was looked at; a ``problem`` hinders reviews."""

    name: str
    state: Literal["ok", "note", "problem"]
    what: str
    advice: str


class DoctorDocument(TypedDict):
    """What ``doctor --format json`` prints."""

    schema: Literal["ctxreview.doctor/1"]
    checks: list[Check]
