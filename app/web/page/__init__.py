"""What every tab uses: the place in the URL, event handlers, case filters, the change stamp."""
