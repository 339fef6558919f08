"""Measurements of the parts that must be fast; each module prints its figures and takes seconds."""
