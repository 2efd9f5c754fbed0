// Plotly figures in the page: drawn at the width they have, again where that or the ground changes, and clicked on.
(function () {
  "use strict";
  const { element } = explorer;
  const CONFIG = { displaylogo: false, modeBarButtons: [["toImage"]] };
  const KINDS = { f8: Float64Array, f4: Float32Array, i4: Int32Array, i2: Int16Array, i1: Int8Array,
    u4: Uint32Array, u2: Uint16Array, u1: Uint8Array };
  const charts = new Map();  // node → chart, of those that watch their width
  const watch = new ResizeObserver(entries => entries.forEach(function (entry) {
    const chart = charts.get(entry.target);
    if (chart && entry.target.clientWidth !== chart.width) chart.draw();
  }));

  explorer.Chart = class {
    // `onPoint` is told of every point that is clicked on.
    constructor(onPoint) {
      this.node = element("div", { class: "chart", role: "img" });
      this.onPoint = onPoint;
      this.width = 0;
    }

    // Shows a figure; `text` is for who cannot see it. `step`, if any, is marked on its axis of steps.
    show(figure, text, step) {
      [this.figure, this.step] = [figure, step];
      this.node.setAttribute("aria-label", text);
      if (!charts.has(this.node)) {
        charts.set(this.node, this);
        watch.observe(this.node);
      }
      this.draw();
    }

    draw() {
      this.width = this.node.clientWidth;
      if (!this.width || !this.figure) return;  // hidden; it is drawn when it has a width
      const { data, layout } = structuredClone(this.figure);
      fitting.fit(layout, this.width);
      layout.width = layout.width || this.width;
      this.shapes = layout.shapes || [];
      const first = !this.node.on;
      try {
        Plotly.react(this.node, data, layout, CONFIG);
        if (first) this.node.on("plotly_click", event => this.onPoint && this.onPoint(event.points[0]));
        this.mark(this.step);
      } catch (error) {
        this.node.replaceChildren(explorer.note("This picture cannot be drawn: " + error.message));
      }
    }

    // Moves the line that marks a step; none where `step` is undefined.
    mark(step) {
      this.step = step;
      if (step === undefined || !this.node._fullLayout) return;
      const at = this.at(step), place = { xref: "x", yref: "paper", x0: at, x1: at, y0: 0, y1: 1 };
      const mark = { type: "line", name: "step shown", ...place, line: { color: fitting.ink(false), width: 2 } };
      Plotly.relayout(this.node, { shapes: this.shapes.concat(at === null ? [] : [mark]) });
    }

    // Where a step is on the axis: on a log axis, which has no 0, step 0 stands where the curves begin.
    at(step) {
      if (step === null || step > 0 || this.figure.layout.xaxis.type !== "log") return step;
      return Math.min(...this.figure.data.flatMap(trace => values(trace.x).slice(0, 1)));
    }

    remove() {
      watch.unobserve(this.node);
      charts.delete(this.node);
      if (this.node.on) Plotly.purge(this.node);
      this.node.remove();
    }
  };

  // An array as plotly's JSON has it: as it is, or packed.
  function values(given) {
    if (!given || !given.bdata) return Array.from(given || []);
    const bytes = Uint8Array.from(atob(given.bdata), sign => sign.charCodeAt(0));
    return Array.from(new KINDS[given.dtype](bytes.buffer));
  }

  // Ends every chart below a node, before the node is emptied.
  explorer.endCharts = function (node) {
    for (const [each, chart] of charts) if (node.contains(each)) chart.remove();
  };

  fitting.dark.addEventListener("change", () => charts.forEach(chart => chart.draw()));
})();
