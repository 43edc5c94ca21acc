"""What is missing here, and what to do about it: checks of a dataset tree, a DVC cache, an installation."""

from curation.doctor.cache import check_cache
from curation.doctor.finding import Finding
from curation.doctor.installation import check_installation
from curation.doctor.tree import check_tree

__all__ = ["Finding", "check_cache", "check_installation", "check_tree"]
