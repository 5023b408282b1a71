"""Samplers of a log density, known to references and refinements alike."""
