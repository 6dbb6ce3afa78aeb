"""OCI registries: a release as an artifact that refers to the model's artifact by digest."""
