// The list of runs and sweeps, made once; where one is, is marked in it.
(function () {
  "use strict";
  const { element } = explorer;
  const FEW = 12;  // more have a box to type part of a name into

  explorer.list = function (index, place) {
    const list = document.getElementById("list");
    if (!list.childElementCount) list.append(...made(index));
    for (const link of list.querySelectorAll("a")) {
      const here = [["run", place.run], ["sweep", place.sweep]].some(([key, id]) => id && link.dataset[key] === id);
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  };

  function made(index) {
    const name = element("p", { class: "groklens" }, "groklens " + index.version);
    const runs = element("ul", {}, ...index.runs.map(run => entry("run", run)));
    const sweeps = element("ul", {}, ...index.sweeps.map(sweep => entry("sweep", sweep)));
    return [
      name, ...(index.sweeps.length ? [element("h2", {}, "Sweeps"), sweeps] : []),
      element("h2", {}, "Runs"), ...(index.runs.length > FEW ? [filter(runs)] : []), runs,
    ];
  }

  function entry(kind, each) {
    const there = kind === "sweep" ? each.planes.length : each.steps.length;
    const name = there ? element("a", { href: explorer.address({ [kind]: each.id }), ["data-" + kind]: each.id },
      each.name) : element("span", { class: "name" }, each.name);
    return element("li", {}, name, each.task ? element("span", { class: "task" }, each.task) : null,
      each.note ? explorer.note(each.note) : null);
  }

  function filter(runs) {
    const box = element("input", { type: "search", id: "named", oninput: function () {
      const sought = box.value.toLowerCase();
      for (const item of runs.children) item.hidden = !item.textContent.toLowerCase().includes(sought);
    } });
    return element("label", { class: "filter" }, "named ", box);
  }
})();
