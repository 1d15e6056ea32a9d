"""Pages for people: one stylesheet, templates, charts and words in English, Spanish and Portuguese."""
