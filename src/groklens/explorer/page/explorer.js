// What the page shows follows from the place in its address, and from nothing else.
(function () {
  "use strict";
  const { element } = explorer;
  let turn = 0;  // of what is asked for, only the latest is shown
  let view = null, swept = null;  // the runs and the sweep that were shown last
  let shown = null;  // what is shown: "run 0", "run 0 3", "sweep s0"

  explorer.show = async function () {
    const mine = ++turn, current = () => mine === turn, place = explorer.place();
    try {
      const index = await explorer.load("index");
      if (!current()) return;
      explorer.list(index, place);
      if (place.sweep) showSweep(index, place);
      else if (place.run || index.runs.length === 1) await showRuns(index, place, current);
      else showNothing();
    } catch (error) {
      if (current()) explorer.say(error.message);
    }
  };

  async function showRuns(index, place, current) {
    const wanted = [place.run || index.runs[0].id, place.with].filter(Boolean);
    const listed = Array.from(new Set(wanted), id => index.runs.find(run => run.id === id));
    if (listed.some(run => !run)) throw new Error("There is no such run in the list.");
    const name = "run " + listed.map(run => run.id).join(" ");
    if (shown !== name) {
      explorer.say("Loading " + listed.map(run => run.name).join(" and ") + ".");
      const files = await Promise.all(listed.map(run => explorer.load("run/" + run.id)
        .catch(error => ({ failed: run.note || error.message }))));
      if (!current()) return;
      view = new explorer.View(listed.map((run, i) => new explorer.Run(run, files[i], index.why)), index);
      put(name, view.node, listed.map(run => run.name).join(" and "));
      view.draw();
    }
    const step = view.step(place.step), drawn = view;
    const part = () => explorer.showPart(place, drawn.runs, stepOf, current);
    const stepOf = run => explorer.atOrBefore(run.steps, step);
    if (!drawn.slider) explorer.say("");
    await drawn.move(step, current);
    if (current()) await part();
  }

  function showNothing() {
    explorer.showPart({}, []);
    explorer.say("");
    put("list", element("p", {}, "Choose a run or a sweep from the list."), "Runs");
  }

  function showSweep(index, place) {
    const sweep = index.sweeps.find(each => each.id === place.sweep);
    if (!sweep) throw new Error("There is no such sweep in the list.");
    explorer.showPart({}, []);
    explorer.say("");
    if (shown !== "sweep " + sweep.id) {
      swept = new explorer.Sweep(sweep, index);
      put("sweep " + sweep.id, swept.node, sweep.name);
    }
    swept.show(place.axes);
  }

  // Puts something else before the reader, who is taken to its heading, unless it is what is shown first, or the
  // focus is on what is there before and after.
  function put(name, node, title) {
    const main = document.getElementById("shown"), first = shown === null, focused = document.activeElement.id;
    explorer.endCharts(main);
    main.replaceChildren(node);
    document.title = title + " – groklens";
    shown = name;
    const again = focused && main.querySelector("#" + CSS.escape(focused));
    if (again) again.focus();
    else if (!first) (node.querySelector("h1") || document.getElementById("main")).focus();
  }

  document.addEventListener("keydown", function (event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const elsewhere = event.target.closest("input, select, textarea, .scroll, summary");
    if (!by || elsewhere || event.altKey || event.ctrlKey || event.metaKey || !view || !view.node.isConnected) return;
    if (view.slider) view.slider.by(by);
  });
  window.addEventListener("hashchange", explorer.show);
  explorer.show();
})();
