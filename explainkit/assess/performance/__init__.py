"""How well the model does, over all rows."""
