"""The cloud side: who this instance is, its credentials, and the notebook API. Knows nothing of Jupyter."""
