"""How much two regions overlap: boxes and polygons, by the rules of each VOT toolkit."""
