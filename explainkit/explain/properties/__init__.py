"""Properties of a model: decided for trees, searched for counterexamples in every other model."""
