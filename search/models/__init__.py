"""The tables. Migrations under `migrations/` create them; a test finds drift."""

from search.models.base import Base
from search.models.catalogue import (
    ATTRIBUTE_SOURCES,
    IMAGE_STATES,
    Product,
    ProductAttribute,
    ProductImage,
    Quarantine,
)
from search.models.index import (
    FINDING_KINDS,
    GENERATION_STATES,
    JOB_STATES,
    Embedding,
    Finding,
    Generation,
    Job,
)
from search.models.merchandising import (
    RULE_ACTIONS,
    RULE_FIELDS,
    Rule,
    SavedDescription,
    SavedJudgement,
    SuiteRun,
)
from search.models.people import ROLES, SCOPES, Account, ApiKey, AuditEntry
from search.models.traffic import Click, SearchEvent

__all__ = [
    "ATTRIBUTE_SOURCES",
    "FINDING_KINDS",
    "GENERATION_STATES",
    "IMAGE_STATES",
    "JOB_STATES",
    "ROLES",
    "RULE_ACTIONS",
    "RULE_FIELDS",
    "SCOPES",
    "Account",
    "ApiKey",
    "AuditEntry",
    "Base",
    "Click",
    "Embedding",
    "Finding",
    "Generation",
    "Job",
    "Product",
    "ProductAttribute",
    "ProductImage",
    "Quarantine",
    "Rule",
    "SavedDescription",
    "SavedJudgement",
    "SearchEvent",
    "SuiteRun",
]
