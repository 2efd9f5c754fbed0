(function () {
  "use strict";
  const { dark, ink, fit } = window.fitting;
  const charts = [];

  function draw(node) {
    const spec = JSON.parse(node.querySelector("script").textContent);
    fit(spec.layout, node.clientWidth);
    node.textContent = "";
    charts.push({ node: node, fixed: Boolean(spec.layout.width) });
    Plotly.newPlot(node, spec.data, spec.layout, spec.config).then(function () {
      if (spec.frames) Plotly.addFrames(node, spec.frames);
      // Where plotly takes its size anew it asks the element, which has no height of its own.
      Object.assign(node.style, { minHeight: "", height: node._fullLayout.height + "px" });
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
