"""What changed from one card to another: figures beyond noise, decisions that flip, what else is not the same."""
