"""The evidence ledger: what was reported, what contradicts itself, and what a model makes of it."""
