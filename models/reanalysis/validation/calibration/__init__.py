"""Is the computation correct? Simulation-based calibration of both engines, kept as a stored artefact."""
