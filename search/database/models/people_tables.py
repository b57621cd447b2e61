"""Who may do what, and who did it: accounts, API keys, the audit trail."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from search.database.models.base import Base, one_of

ROLES = ("merchandiser", "operator", "admin")
SCOPES = ("search", "merchandise", "catalogue", "operate")


class Account(Base):
    """Someone who may log in."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint(one_of("role", ROLES), name="role"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)  # lower case
    role: Mapped[str]
    password_hash: Mapped[str]  # argon2id, with its salt and costs
    failures: Mapped[int] = mapped_column(server_default=text("0"))  # since the last login
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_login_at: Mapped[datetime | None]


class ApiKey(Base):
    """A program that may use the API; the key itself is shown once and not kept."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str] = mapped_column(unique=True)  # sha256 of the key, hex
    scopes: Mapped[list[Any]]  # of SCOPES
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who changed what, and when. Rows are only ever added."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    actor: Mapped[str]  # an account's name, `key:NAME`, or `cli:USER` of the system
    action: Mapped[str]  # such as `rule.add`
    subject: Mapped[str]  # what it was done to: a sku, a rule's number, …
    details: Mapped[dict[str, Any]]  # what it was and what it is
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
