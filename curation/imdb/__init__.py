"""The index that training reads: the crops, their tracks and frames, and their places.

`columns` is the file format, `build` makes the files, `memory` loads them into flat arrays.
"""

from curation.imdb.build import ImdbConfig, build_imdb, split_file
from curation.imdb.memory import Imdb, load_imdb

__all__ = ["Imdb", "ImdbConfig", "build_imdb", "load_imdb", "split_file"]
