"""The data plane: a video dataset in, training crops and an imdb index out. No torch here."""
