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
