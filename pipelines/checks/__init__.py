"""What is missing here, and what to do about it: checks of a dataset tree, a DVC cache, an installation."""

from pipelines.checks.cache import check_cache
from pipelines.checks.finding import Finding
from pipelines.checks.installation import check_installation
from pipelines.checks.tree import check_part, check_tree

__all__ = ["Finding", "check_cache", "check_installation", "check_part", "check_tree"]
