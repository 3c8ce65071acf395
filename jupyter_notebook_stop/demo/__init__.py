"""A JupyterLab in a simulated instance, ready to try."""
