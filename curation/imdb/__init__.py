"""The index that training reads: the crops, their tracks and frames, and their places.

`columns` is the file format, `subset_index` joins a part's tracks with its crops, `build` makes the files, and `memory`
loads them into flat arrays.
"""

from curation.imdb.build import build_imdb
from curation.imdb.imdb_config import ImdbConfig, split_file
from curation.imdb.memory import Imdb, load_imdb

__all__ = ["Imdb", "ImdbConfig", "build_imdb", "load_imdb", "split_file"]
