"""The multiverse: all choices crossed."""
