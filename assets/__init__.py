"""What ships beside the code: the demo, the page's style and script, decisions."""
