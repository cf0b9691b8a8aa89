"""One run out of several, and one JUnit file out of foreign ones."""
