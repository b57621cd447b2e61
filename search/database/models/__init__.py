"""The tables, as SQLAlchemy maps them; `migrations` creates them, and a test finds drift.

Whoever reads or writes the database uses them. They hold columns and constraints, no queries.
"""

from search.database.models.base import Base
from search.database.models.catalogue_tables import (
    ATTRIBUTE_SOURCES,
    CHANGE_ACTIONS,
    CHANGE_STATES,
    IMAGE_STATES,
    Product,
    ProductAttribute,
    ProductChange,
    ProductImage,
    Quarantine,
)
from search.database.models.index_tables import (
    FINDING_KINDS,
    GENERATION_STATES,
    JOB_STATES,
    DeltaRow,
    Embedding,
    Finding,
    GenerationRow,
    Job,
)
from search.database.models.merchandising_tables import (
    RULE_ACTIONS,
    RULE_FIELDS,
    Rule,
    SavedDescription,
    SavedJudgement,
    SuiteRun,
)
from search.database.models.people_tables import ROLES, SCOPES, Account, ApiKey, AuditEntry
from search.database.models.traffic_tables import Click, SearchEvent

__all__ = [
    "ATTRIBUTE_SOURCES",
    "CHANGE_ACTIONS",
    "CHANGE_STATES",
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
    "DeltaRow",
    "Embedding",
    "Finding",
    "GenerationRow",
    "Job",
    "Product",
    "ProductAttribute",
    "ProductChange",
    "ProductImage",
    "Quarantine",
    "Rule",
    "SavedDescription",
    "SavedJudgement",
    "SearchEvent",
    "SuiteRun",
]
