"""HTTP: Segment's tracking protocol, Trato's own API, and one mapping of errors to answers."""
