// How a plotly figure fits the page it stands on: its ink, and its panels where the page is narrow.
window.fitting = (function () {
  "use strict";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function ink(onPaper) {
    return dark.matches && !onPaper ? "#b9c0c9" : "#4a525c";
  }

  // Changes a figure's layout to the ground and to so many pixels of width.
  function fit(layout, width) {
    layout.font = Object.assign(layout.font || {}, { color: ink(false) });
    if (width < 560) layout.font.size = 12;
    // Panels of small multiples stay square where the page is narrow.
    const panels = layout.meta && layout.meta.panels;
    if (panels) {
      const narrower = Math.min(0, width / panels.columns - panels.side);
      if (panels.rows > 1) respace(layout, panels.rows, panels.rows * narrower);
      layout.height += panels.rows * narrower;
    }
    if (layout.width > width) {
      layout.height += width - layout.width;
      layout.width = width;
    }
  }

  // Rows of panels are so many pixels apart, whatever their height: the titles between them keep their size.
  function respace(layout, rows, shorter) {
    const axes = Object.keys(layout).filter(key => key.startsWith("yaxis")).map(key => layout[key]);
    const height = layout.height - layout.margin.t - layout.margin.b;
    const before = axes[0].domain[1] - axes[0].domain[0], apart = (1 - rows * before) / (rows - 1);
    const space = apart * height / (height + shorter), after = (1 - (rows - 1) * space) / rows;
    const row = top => Math.round((1 - top) / (before + apart));
    const moved = top => 1 - row(top) * (after + space);
    (layout.annotations || []).forEach(function (note) {
      if (note.yref === "paper" && Math.abs(1 - row(note.y) * (before + apart) - note.y) < 1e-6) note.y = moved(note.y);
    });
    axes.forEach(function (axis) {
      const top = moved(axis.domain[1]);
      axis.domain = [Math.max(0, top - after), top];
    });
  }

  return { dark: dark, ink: ink, fit: fit };
})();
