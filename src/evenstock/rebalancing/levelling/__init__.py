"""Moves stock from where there is more than a target to where there is less, as people do by rule."""
