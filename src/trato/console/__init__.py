"""The pages for the company's people: server-rendered, in their language, without a script."""
