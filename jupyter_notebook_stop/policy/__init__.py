"""What is stopped, when, and what is said of it: one stop at a time, watched to its end."""
