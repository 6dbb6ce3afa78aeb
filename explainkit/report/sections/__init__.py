"""Sections of the card, one file each: a section is a pure function of Evidence."""
