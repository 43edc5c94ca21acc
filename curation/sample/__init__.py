"""The built-in dataset: a small synthetic VID tree, and sequences in the layouts of the five benchmarks."""

from curation.sample.config import SampleConfig
from curation.sample.sequences import generate_sequences
from curation.sample.vid import generate_vid

__all__ = ["SampleConfig", "generate_sequences", "generate_vid"]
