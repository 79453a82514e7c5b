"""Simulation-based calibration of both engines, kept as a stored artefact."""
