"""The crop stage: cut crops from frames, write them as shards, and read them again."""
