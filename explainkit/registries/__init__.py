"""Registries: a release is put where it belongs."""
