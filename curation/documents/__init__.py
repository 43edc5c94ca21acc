"""Documents between stages: frozen records with one reader and one writer each."""
