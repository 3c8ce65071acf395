"""The surface for the browser: a Jupyter server extension."""
