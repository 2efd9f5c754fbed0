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
    if (node.clientWidth < 560) {
      spec.layout.font.size = 12;
      // The play button keeps its width, so the slider has to begin further along.
      (spec.layout.sliders || []).forEach(function (slider) { slider.x = 0.22; slider.len = 0.78; });
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
