"""Asks hosts for pictures, many at a time, and puts what is new into the spool.

It knows no database: claims go in, answers come out. A picture or a host that fails is an answer,
not an exception; exceptions mean that something is wrong with this machine.
"""

import hashlib
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from indexer.fetching.circuit_breaker import HostBreakers
from indexer.pictures.fetch_claims import FetchClaim
from indexer.pictures.spool import Spool
from search.errors import UnusablePicture
from search.http.picture_fetch import Bounds, Validators, fetch_if_changed, is_passing, open_client
from search.settings import Settings

ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of asking for one picture."""

    claim: FetchClaim
    asked: bool = True  # False: its host was not to be asked
    refusal: UnusablePicture | None = None
    sha256: str | None = None  # of what was sent; None where nothing was
    size_bytes: int = 0  # of the same
    validators: Validators = Validators()  # noqa: RUF009  (immutable)

    @property
    def is_same(self) -> bool:
        """Whether the picture did not change: the host says so, or its content is the same."""
        unchanged = self.sha256 is None or self.sha256 == self.claim.sha256
        return self.asked and self.refusal is None and unchanged and not self.claim.needed

    @property
    def may_pass(self) -> bool:
        """Whether it was refused for a reason that may pass."""
        return self.refusal is not None and is_passing(self.refusal.reason)


class Asker:
    """Asks for pictures with connections that it keeps; close it after use.

    Args:
        spool: Gets what is new.
        breakers: Which hosts may be asked.
        settings: Threads, limits of size and time.
    """

    def __init__(self, spool: Spool, breakers: HostBreakers, settings: Settings) -> None:
        self._spool, self._breakers, self._settings = spool, breakers, settings
        self._client: httpx.Client | None = None

    def close(self) -> None:
        """Close the connections; the next question opens new ones."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def ask(self, claims: Sequence[FetchClaim]) -> list[Answered]:
        """Ask for pictures; a host that fails again and again is not asked from then on.

        Returns:
            One answer for each, in order. A picture of such a host that failed for a reason that
            may pass counts as not asked for.

        Raises:
            OSError: the disk refuses the spool.
        """
        if not claims:
            return []
        if self._client is None:
            self._client = open_client()
        client = self._client
        # In random order: a few bad pictures side by side must not look like a failing host, and
        # where they do, the trial is another picture.
        order = random.sample(range(len(claims)), len(claims))
        with ThreadPoolExecutor(min(self._settings.fetch_threads, len(claims))) as pool:
            answered = pool.map(lambda place: self._ask(claims[place], client), order)
            answers = dict(zip(order, answered, strict=True))
        failing = self._breakers.open_hosts()
        return [
            Answered(answer.claim, asked=False)
            if answer.may_pass and answer.claim.host in failing
            else answer
            for answer in (answers[place] for place in range(len(claims)))
        ]

    def _ask(self, claim: FetchClaim, client: httpx.Client) -> Answered:
        """Ask for one picture; runs in a thread."""
        if not self._breakers.may_ask(claim.host):
            return Answered(claim, asked=False)
        failure: str | None = None
        try:
            answer = fetch_if_changed(
                claim.picture.address, client, _bounds(self._settings), claim.known
            )
        except UnusablePicture as refusal:
            failure = refusal.reason if is_passing(refusal.reason) else None
            return Answered(claim, refusal=refusal)
        finally:
            self._breakers.note(claim.host, failure)
        if answer.content is None:
            return Answered(claim, validators=answer.validators)
        sha256 = hashlib.sha256(answer.content).hexdigest()
        if claim.needed or sha256 != claim.sha256:
            self._spool.write(answer.content)
        return Answered(
            claim, sha256=sha256, size_bytes=len(answer.content), validators=answer.validators
        )


def _bounds(settings: Settings) -> Bounds:
    """Return what one picture may take; a shop's own hosts are trusted."""
    return Bounds(
        timeout_s=settings.fetch_timeout_s,
        max_bytes=settings.max_image_bytes,
        attempts=ATTEMPTS,
        public=False,
        advice=", or raise FINDALIKE_FETCH_TIMEOUT_S",
    )
