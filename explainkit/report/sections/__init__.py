"""The sections of the card: one file each, each a pure function of Evidence."""
