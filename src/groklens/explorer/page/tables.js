// Facts, numbers and findings as lists and tables.
(function () {
  "use strict";
  const { element, number } = explorer;

  explorer.about = pairs => element("dl", { class: "about" },
    ...pairs.flatMap(([name, fact]) => [element("dt", {}, name), element("dd", {}, String(fact))]));

  // A table of text with a heading to each row, which scrolls by itself where the page is too narrow for it.
  explorer.table = function (label, heads, rows) {
    const head = element("thead", {}, element("tr", {}, ...heads.map(text => element("th", { scope: "col" }, text))));
    const body = rows.map(([first, ...others]) => element("tr", {},
      element("th", { scope: "row" }, first), ...others.map(cell => element("td", {}, cell))));
    const table = element("table", { class: "plain" }, head, element("tbody", {}, ...body));
    return element("div", { class: "scroll", role: "region", "aria-label": label, tabindex: 0 }, table);
  };

  explorer.written = each => each.text || [number(each.value), each.units].filter(Boolean).join(" ");

  // What every measure is at the step shown: a column a run.
  explorer.numbers = function (columns) {
    const names = Array.from(new Set(columns.flatMap(column => column.numbers.map(each => each.name))));
    const of = (column, name) => column.numbers.find(each => each.name === name);
    const rows = names.map(name => [name, ...columns.map(function (column) {
      const found = of(column, name);
      return found ? explorer.written(found) : "—";
    })]);
    return explorer.table("Numbers at the step shown", ["measure", ...columns.map(column => column.title)], rows);
  };

  explorer.verdict = function (verdict) {
    const known = ["supported", "refuted", "undecided"].includes(verdict);
    return element("span", { class: "verdict " + (known ? verdict : "undecided") }, verdict || "undecided");
  };

  // The findings of an explanation, folded up: first those that the claim rests on.
  explorer.findings = function (why) {
    const all = why.findings || [], asides = all.filter(finding => finding.role === "aside");
    return element("details", {}, element("summary", {}, `The findings, each beside its controls (${all.length})`),
      element("ol", { class: "claims" }, ...all.filter(finding => !asides.includes(finding)).map(claimed)),
      asides.length ? element("h3", {}, "Reported besides, deciding nothing") : null,
      element("ol", { class: "claims" }, ...asides.map(claimed)));
  };

  function claimed(finding) {
    const controls = (finding.controls || []).map(control => element("li", {}, control.text));
    return element("li", {},
      element("p", {}, explorer.verdict(finding.verdict), " " + finding.in_words + ": ",
        element("strong", {}, explorer.written(finding))),
      element("ul", { class: "controls" }, ...controls),
      finding.note ? element("p", { class: "caption" }, finding.note) : null);
  }

  // What a part's ablation does, beside the same done to something of its size that means nothing.
  explorer.ablation = function (rows) {
    const name = (rows.find(row => row.control_name) || {}).control_name || "none";
    const cells = rows.map(row => [row.name, number(row.before), number(row.after), control(row)]);
    const texts = rows.map(row => row.text).filter(Boolean).map(text => element("p", { class: "caption" }, text));
    const table = explorer.table("Ablation", ["", "before", "after", "control"], cells);
    return element("div", {}, table, element("p", { class: "caption" }, "Control: " + name + "."), ...texts);
  };

  function control(row) {
    const spread = row.draws > 1 ? `${number(row.control_low)} to ${number(row.control_high)}, ${row.draws} draws` : "";
    return element("span", {}, number(row.control), element("span", { class: "spread" }, spread));
  }
})();
