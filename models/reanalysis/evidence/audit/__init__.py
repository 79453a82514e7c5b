"""The evidence ledger: what print says, what it contradicts, and what a model makes of it."""
