"""The shapes of the JSON documents, as types: :mod:`ctxreview.reports.schemas` publishes them as JSON Schema.

Lines are 1-based and inclusive. A key that is :data:`NotRequired` stands only where there is something to say;
``id`` and ``tags`` are those of a manifest's entry.
"""

from typing import Any

from ctxreview.reports.shapes.batch import BatchDocument
from ctxreview.reports.shapes.context import ContextDocument, ErrorDocument, PromptDocument
from ctxreview.reports.shapes.kept import LogDocument, StatsDocument, StoredDocument
from ctxreview.reports.shapes.plan import DryRunDocument
from ctxreview.reports.shapes.review import GuardDocument, OpinionsDocument, ReviewDocument
from ctxreview.reports.shapes.rules import BaselineDocument, LintDocument, RulesDocument
from ctxreview.reports.shapes.setup import ConfigDocument, DoctorDocument
from ctxreview.reports.shapes.submitted import SubmittedDocument

DOCUMENTS: tuple[Any, ...] = (
    ContextDocument,
    ErrorDocument,
    PromptDocument,
    GuardDocument,
    ReviewDocument,
    OpinionsDocument,
    BatchDocument,
    LintDocument,
    BaselineDocument,
    RulesDocument,
    DryRunDocument,
    LogDocument,
    StoredDocument,
    StatsDocument,
    ConfigDocument,
    DoctorDocument,
    SubmittedDocument,
)
