"""Settings, read once from `FINDALIKE_*` variables into a frozen object, and what is secret in it.

Anyone may read them. Nothing else in the project reads the environment for its own configuration,
and this package knows nothing of what settings are for.
"""

from search.settings.all_settings import Settings, load_settings
from search.settings.secret_values import show_address, show_setting

__all__ = ["Settings", "load_settings", "show_address", "show_setting"]
