// Labels of bars: of two that would lie over each other, that of the taller bar stands a line higher.
(function () {
  "use strict";
  const WIDE = 18, HIGH = 16;  // pixels that a label of two digits takes
  const KINDS = { f8: Float64Array, f4: Float32Array, i4: Int32Array, i2: Int16Array, i1: Int8Array,
    u4: Uint32Array, u2: Uint16Array, u1: Uint8Array };

  // An array as plotly's JSON has it: as it is, or packed.
  explorer.values = function (given) {
    if (!given || !given.bdata) return Array.from(given || []);
    const bytes = Uint8Array.from(atob(given.bdata), sign => sign.charCodeAt(0));
    return Array.from(new KINDS[given.dtype](bytes.buffer));
  };

  // Changes the labels above the bars of a figure that is drawn `width` pixels wide.
  explorer.spreadLabels = function (data, layout, width) {
    for (const trace of data) if (trace.type === "bar" && Array.isArray(trace.text)) spread(trace, layout, width);
  };

  function spread(trace, layout, width) {
    const heights = explorer.values(trace.y), [low, high] = (layout.yaxis || {}).range || [0, Math.max(...heights)];
    const across = 0.85 * width / heights.length, up = (layout.height - 90) / (high - low);
    const labelled = heights.map((_, i) => i).filter(i => trace.text[i]).sort((i, j) => heights[i] - heights[j]);
    const tops = new Map();  // bar → where its label stands, in pixels
    for (const bar of labelled) {
      const near = Array.from(tops.keys()).filter(other => Math.abs(other - bar) * across < WIDE);
      let lines = 0;
      const free = () => near.every(other => Math.abs(up * heights[bar] + HIGH * lines - tops.get(other)) >= HIGH);
      while (!free() && lines < near.length + 1) lines += 1;
      tops.set(bar, up * heights[bar] + HIGH * lines);
      if (lines) raise(trace, bar, heights[bar], HIGH * lines, layout);
    }
  }

  // An annotation in place of the label, for plotly puts a bar's own label just above it.
  function raise(trace, bar, height, by, layout) {
    const at = { x: explorer.values(trace.x)[bar], y: height, yanchor: "bottom", yshift: by, showarrow: false };
    layout.annotations = [...(layout.annotations || []), { ...at, text: trace.text[bar], font: trace.textfont }];
    trace.text[bar] = "";
  }
})();
