"""Searches of one request. Each is counted in the metrics, with the time of its steps."""

from search.results import Query, SearchPage
from web.request.fields import PagedFields
from web.request.query_parsing import parse_filters
from web.state import engine, state


def search(query: Query) -> SearchPage:
    """Return a page of what a query finds; errors as the engine's."""
    return _counted(engine().search(query))


def search_similar(sku: str, fields: PagedFields) -> SearchPage:
    """Return a page of products that look like this one; errors as the engine's."""
    return _counted(
        engine().similar(
            sku,
            filters=parse_filters(fields),
            k=fields.k,
            page=fields.page,
            fold=fields.fold,
            sort=fields.sort,
        )
    )


def _counted(page: SearchPage) -> SearchPage:
    state().metrics.observe_search(page)
    return page
