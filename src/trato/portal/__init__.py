"""Pages for the customer: the guided conversation."""
