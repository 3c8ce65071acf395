"""The surface for a cell; the terminal's commands stand on the same rooms."""
