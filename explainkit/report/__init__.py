"""Report: evidence becomes a card, and the card HTML and PDF."""
