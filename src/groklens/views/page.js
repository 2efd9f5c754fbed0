// Draws the figures of a page at the width they have, and again where that or the ground changes.
(function () {
  "use strict";
  const { dark, ink, fit } = window.fitting;
  const PAPER = 680;  // pixels; paper is narrower than the window, and nothing tells a page so
  const REST = 100;  // milliseconds that widths rest before figures follow: while a window is dragged they change often
  const specs = new Map();  // node → its figure as it was given
  let onPaper = false, resting;

  function fitted(node) {
    const layout = structuredClone(specs.get(node).layout), width = onPaper ? PAPER : node.clientWidth;
    layout.height = layout.height || 450;
    fit(layout, width);
    layout.width = layout.width || width;
    layout.font.color = ink(onPaper);
    node.dataset.width = width;
    return layout;
  }

  function draw(node) {
    const spec = JSON.parse(node.querySelector("script").textContent);
    specs.set(node, spec);
    node.textContent = "";
    Plotly.newPlot(node, spec.data, fitted(node), { ...spec.config, responsive: false }).then(function () {
      if (spec.frames) Plotly.addFrames(node, spec.frames);
      node.style.minHeight = "";
    });
  }

  // Brings a figure to the width and ground it has now; the step that its slider shows stays.
  function follow(node) {
    const { width, height, font, annotations, ...rest } = fitted(node), change = { width, height, font };
    if (annotations) change.annotations = annotations;
    Object.keys(rest).filter(key => (rest[key] || {}).domain).forEach(function (key) {
      change[key + ".domain"] = rest[key].domain;
    });
    Plotly.relayout(node, change);
  }

  function followAll() {
    specs.forEach((_, node) => follow(node));
  }

  const isOther = node => node.clientWidth && !onPaper && Number(node.dataset.width) !== node.clientWidth;
  const watch = new ResizeObserver(function (entries) {
    entries.map(entry => entry.target).filter(node => node.clientWidth && !specs.has(node)).forEach(draw);
    clearTimeout(resting);
    resting = setTimeout(() => Array.from(specs.keys()).filter(isOther).forEach(follow), REST);
  });

  document.querySelectorAll(".chart").forEach(node => watch.observe(node));
  dark.addEventListener("change", followAll);
  window.addEventListener("beforeprint", function () { onPaper = true; followAll(); });
  window.addEventListener("afterprint", function () { onPaper = false; followAll(); });
})();
