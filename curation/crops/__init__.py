"""The crop stage: from boxes and frames to shards of crops, and how these are read again."""
