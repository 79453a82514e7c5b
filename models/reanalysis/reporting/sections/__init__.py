"""The sections of the report; :mod:`reanalysis.reporting.contents` puts them in order."""
