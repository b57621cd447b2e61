"""One product, by its sku."""

from web.api.blueprint import blueprint
from web.api.documentation.openapi_document import operation
from web.api.response_models import ProductView
from web.state import engine

SKU_PATH = {"sku": "The shop's key of the product."}


@blueprint.get("/products/<path:sku>")
@operation(
    "product", ProductView, 404, tag="products", scope="search", path=SKU_PATH, headers=("ETag",)
)
def product(sku: str) -> ProductView:
    """Return one product."""
    return ProductView.of(engine().product(sku))
