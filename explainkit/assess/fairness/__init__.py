"""How groups compare: rates, differences, ratios, what they rest on, and what may be said of them."""
