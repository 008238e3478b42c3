"""What every tab stands on: the place in the URL, event handlers, change stamps."""
