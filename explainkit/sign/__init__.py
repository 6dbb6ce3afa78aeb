"""Sign: a release is signed, and verified."""
