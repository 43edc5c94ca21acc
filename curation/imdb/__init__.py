"""The index that training reads: which crops there are, of which track and frame, and where they lie.

`columns` is the file format, `build` makes the files, `memory` loads them into flat arrays.
"""

from curation.imdb.build import ImdbConfig, build_imdb, split_file
from curation.imdb.memory import Imdb, load_imdb

__all__ = ["Imdb", "ImdbConfig", "build_imdb", "load_imdb", "split_file"]
