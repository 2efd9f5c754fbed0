(function () {
  "use strict";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const charts = [];

  function ink(onPaper) {
    return dark.matches && !onPaper ? "#b9c0c9" : "#4a525c";
  }

  function draw(node) {
    const spec = JSON.parse(node.querySelector("script").textContent);
    spec.layout.font.color = ink(false);
    if (node.clientWidth < 560) spec.layout.font.size = 12;
    // Panels of small multiples stay square where the page is narrow.
    const panels = spec.layout.meta && spec.layout.meta.panels;
    if (panels) {
      const narrower = Math.min(0, node.clientWidth / panels.columns - panels.side);
      if (panels.rows > 1) respace(spec.layout, panels.rows, panels.rows * narrower);
      spec.layout.height += panels.rows * narrower;
    }
    if (spec.layout.width > node.clientWidth) {
      spec.layout.height += node.clientWidth - spec.layout.width;
      spec.layout.width = node.clientWidth;
    }
    node.textContent = "";
    charts.push({ node: node, fixed: Boolean(spec.layout.width) });
    Plotly.newPlot(node, spec.data, spec.layout, spec.config).then(function () {
      if (spec.frames) Plotly.addFrames(node, spec.frames);
      node.style.minHeight = "";
    });
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

  function relayout(onPaper) {
    charts.forEach(function (chart) {
      const change = { "font.color": ink(onPaper) };
      // Paper is narrower than the window, and nothing tells plotly so.
      if (!chart.fixed) Object.assign(change, onPaper ? { width: 680 } : { width: null, autosize: true });
      Plotly.relayout(chart.node, change);
    });
  }

  document.querySelectorAll(".chart").forEach(draw);
  dark.addEventListener("change", function () { relayout(false); });
  window.addEventListener("beforeprint", function () { relayout(true); });
  window.addEventListener("afterprint", function () { relayout(false); });
})();
