"""Screens: one module a screen, each owner of one reactive frame."""
