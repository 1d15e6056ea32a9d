"""Segment's tracking protocol and its variants, as the libraries out there speak it."""
