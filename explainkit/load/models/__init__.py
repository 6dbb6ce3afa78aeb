"""One adapter per family of models, all behind the same door."""
