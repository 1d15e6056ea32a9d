"""Tests of the pages for the company's people."""
