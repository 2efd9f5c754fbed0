"""What makes a page, a still picture or a notebook cell of a chart."""
