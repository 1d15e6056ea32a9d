"""A company as a folder of YAML declares it, read whole."""
