"""Values as HTML, text, plotly figures and terminal tables."""
