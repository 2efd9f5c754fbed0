// A sweep: its phase diagram, and a table of the same places as buttons, each of which opens its runs.
(function () {
  "use strict";
  const { element } = explorer;

  explorer.sweep = function (sweep, index) {
    const runs = element("div", { class: "chosen", "aria-live": "polite" });
    const open = cell => opened(cell, sweep, index, runs);
    const chart = sweep.diagram && new explorer.Chart(function (point) {
      const cell = sweep.cells.find(each => each.trace === point.curveNumber
        && String(each.x) === String(point.x) && String(each.y) === String(point.y));
      if (cell) open(cell);
    });
    if (chart) chart.node.classList.add("pickable");
    const shown = element("article", { class: "sweep" },
      element("h1", { tabindex: -1 }, sweep.name), sweep.note ? explorer.note(sweep.note) : null,
      chart ? chart.node : null, runs, element("h2", {}, "Its places"), places(sweep, open));
    return { node: shown, draw: () => chart && chart.show(sweep.diagram, "Phase diagram of " + sweep.name) };
  };

  function places(sweep, open) {
    const values = key => Array.from(new Map(sweep.cells.map(cell => [String(cell[key]), cell[key]])).keys());
    const [across, up] = [axis(sweep, "xaxis"), axis(sweep, "yaxis")], columns = values("x");
    const rows = values("y").map(y => [y, ...columns.map(function (x) {
      const cell = sweep.cells.find(each => String(each.x) === x && String(each.y) === y);
      if (!cell || !cell.runs.length) return "none";
      const name = cell.runs.length === 1 ? "1 run" : cell.runs.length + " runs";
      return element("button", { type: "button", "aria-label": `${across} ${x}, ${up} ${y}: ${name}`,
        onclick: () => open(cell) }, name);
    })]);
    return explorer.table("Places of the sweep", [`${up} ↓  ${across} →`, ...columns], rows);
  }

  function axis(sweep, which) {
    const title = (((sweep.diagram || {}).layout || {})[which] || {}).title;
    return explorer.plain((title && title.text) || which[0]);
  }

  // One run is opened at once, of several one is chosen.
  function opened(cell, sweep, index, where) {
    if (cell.runs.length === 1) return explorer.go({ run: cell.runs[0], sweep: null });
    const said = element("h2", { tabindex: -1 },
      `${axis(sweep, "xaxis")} ${cell.x}, ${axis(sweep, "yaxis")} ${cell.y}`);
    const links = cell.runs.map(id => index.runs.find(run => run.id === id)).filter(Boolean).map(run => element(
      "li", {}, run.steps.length ? element("a", { href: explorer.address({ run: run.id }) }, run.name) : run.name,
      run.note ? explorer.note(run.note) : null));
    where.replaceChildren(said, element("ul", {}, ...links));
    said.focus();
  }
})();
