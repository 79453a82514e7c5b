"""What would have to be true for the conclusion to change? Reverse Bayes."""
