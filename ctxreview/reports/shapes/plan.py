"""What would be sent."""

from typing import Literal, NotRequired, TypedDict

from ctxreview.reports.shapes.places import Place
from ctxreview.reports.shapes.review import Visibility


class PlannedProvider(TypedDict):
    """Who would be asked; without a model it is the one that the server has."""

    name: str
    model: str | None
    endpoint: str


class PlannedTokens(TypedDict):
    """The prompt's tokens and those of the reply."""

    prompt: int
    reply_expected: int | None
    reply_at_most: int | None
    budget: int
    tokenizer: str


class PlannedCost(TypedDict):
    """What a request would cost, and where its price is from."""

    expected: float
    at_most: float
    currency: str
    price_read: str
    source: str


class DryRunDocument(TypedDict):
    """What ``review --dry-run --format json`` prints for a selection; ``refused`` says which limit forbids the request."""

    schema: Literal["ctxreview.dry-run/1"]
    id: NotRequired[str]
    tags: NotRequired[list[str]]
    selection: Place
    provider: PlannedProvider | None
    tokens: PlannedTokens
    cost: PlannedCost | None
    redacted: dict[str, int]
    not_redacted: NotRequired[dict[str, int]]
    visibility: Visibility
    refused: str | None
    sent: Literal[False]
