"""Parts that several charts are drawn with: axes, colours, labels, panels, sliders."""
