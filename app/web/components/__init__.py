"""HTML shared by several tabs or by the frame of the page."""
