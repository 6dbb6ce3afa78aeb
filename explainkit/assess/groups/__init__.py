"""Who is in which group, what is counted of them, and which groups may be shown."""
