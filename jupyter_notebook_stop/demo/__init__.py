"""A JupyterLab on the stand-in of the cloud, ready to click."""
