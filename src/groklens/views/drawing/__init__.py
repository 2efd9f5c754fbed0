"""Drawing parts that several charts share: axes, colours, labels, panels, sliders."""
