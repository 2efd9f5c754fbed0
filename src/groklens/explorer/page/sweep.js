// A sweep: a diagram of two of its axes, and a table of the same places as buttons, each of which opens its runs.
(function () {
  "use strict";
  const { element } = explorer;

  explorer.Sweep = class {
    constructor(sweep, index) {
      [this.sweep, this.index, this.plane] = [sweep, index, null];
      this.chart = new explorer.Chart(point => this.picked(point));
      this.chart.node.classList.add("pickable");
      this.caption = element("p", { class: "caption" });
      this.runs = element("div", { class: "chosen", "aria-live": "polite" });
      this.places = element("div", {});
      this.node = element("article", { class: "sweep" }, element("h1", { tabindex: -1 }, sweep.name),
        ...(sweep.planes.length ? this.contents() : [explorer.note(sweep.note)]));
    }

    contents() {
      return [this.choice(), this.chart.node, this.caption, this.runs, element("h2", {}, "Its places"), this.places];
    }

    // Which two of more axes are shown; the same stand in the address.
    choice() {
      this.chosen = element("select", { id: "axes", onchange: () => explorer.go({ axes: this.chosen.value }) },
        ...this.sweep.planes.map(plane => element("option", { value: plane.name }, plane.name)));
      return this.sweep.planes.length < 2 ? null : element("p", { class: "compared" },
        element("label", { for: "axes" }, "Axes shown "), this.chosen);
    }

    // Shows the plane of this name; the first where there is none.
    show(name) {
      const plane = this.sweep.planes.find(each => each.name === name) || this.sweep.planes[0];
      if (!plane || plane === this.plane) return;
      this.plane = plane;
      this.chosen.value = plane.name;
      this.caption.textContent = plane.text;
      this.runs.replaceChildren();
      this.places.replaceChildren(this.table());
      this.chart.show(plane.diagram, `Phase diagram of ${this.sweep.name}. ${plane.text}`);
    }

    picked(point) {
      const cell = this.cell(String(point.x), String(point.y));
      if (cell) this.open(cell);
    }

    cell(x, y) {
      return this.plane.cells.find(each => String(each.x) === x && String(each.y) === y);
    }

    table() {
      const values = key => Array.from(new Set(this.plane.cells.map(cell => String(cell[key]))));
      const columns = values("x"), corner = [this.axis("yaxis", " ↓"), this.axis("xaxis", " →")].filter(Boolean);
      const rows = values("y").map(y => [y || "runs", ...columns.map(x => this.button(this.cell(x, y)))]);
      return explorer.table("Places of the sweep", [corner.join("  "), ...columns.map(x => x || "runs")], rows);
    }

    button(cell) {
      if (!cell || !cell.runs.length) return "none";
      const name = cell.runs.length === 1 ? "1 run" : cell.runs.length + " runs";
      return element("button", { type: "button", "aria-label": `${this.at(cell)}: ${name}`,
        onclick: () => this.open(cell) }, name);
    }

    // What an axis is called, with a sign after it; nothing for the one that a row or column does not have.
    axis(which, sign) {
      const title = (this.plane.diagram.layout[which] || {}).title, text = explorer.plain((title && title.text) || "");
      return text && text + sign;
    }

    at(cell) {
      const parts = [[this.axis("xaxis", " "), cell.x], [this.axis("yaxis", " "), cell.y]];
      return parts.filter(([name]) => name).map(([name, value]) => name + value).join(", ");
    }

    // One run is opened at once, of several one is chosen.
    open(cell) {
      if (cell.runs.length === 1) return explorer.go({ run: cell.runs[0], sweep: null, axes: null });
      const said = element("h2", { tabindex: -1 }, this.at(cell));
      const listed = cell.runs.map(id => this.index.runs.find(run => run.id === id)).filter(Boolean);
      this.runs.replaceChildren(said, element("ul", {}, ...listed.map(entry)));
      said.focus();
    }
  };

  function entry(run) {
    const name = run.steps.length ? element("a", { href: explorer.address({ run: run.id }) }, run.name) : run.name;
    return element("li", {}, name, run.note ? explorer.note(run.note) : null);
  }
})();
