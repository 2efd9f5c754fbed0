// A part of the model that is looked into (a frequency, a head, a neuron): its evidence, and what ablating it does.
(function () {
  "use strict";
  const { element } = explorer;
  let open = null;  // `{key, opener, node, heading, body, chart}`

  explorer.lookInto = function (run, kind, id, opener) {
    explorer.opener = opener;
    explorer.go({ part: `${run.id}/${kind}-${id}` });
  };

  // Buttons for all parts of a run, by kind: what can be clicked on in a picture can be reached by the keyboard here.
  explorer.parts = function (run, named) {
    const kinds = Object.entries(run.parts).filter(([, parts]) => parts.length);
    return kinds.map(([kind, parts]) => element("details", {},
      element("summary", {}, `One ${parts[0].name.split(/[ _]/)[0]}${named ? " of " + run.name : ""} (${parts.length})`),
      element("ul", { class: "chips" }, ...parts.map(part => element("li", {}, chip(run, kind, part))))));
  };

  function chip(run, kind, part) {
    const made = element("button", { type: "button", onclick: () => explorer.lookInto(run, kind, part.id, made) },
      part.name);
    return made;
  }

  // Shows the part that the place names, at the step its run shows; none where it names none.
  explorer.showPart = async function (place, runs, stepOf, current) {
    const found = place.part && sought(place.part, runs);
    if (!found) return close();
    const { run, kind, part } = found, at = stepOf(run);
    const panel = opened(place.part, part.name, run), when = at === null ? "no step" : explorer.step(at, run.stepKnown);
    panel.when.textContent = `${run.name}, ${when}${at === null ? "" : ": loading"}`;
    fill(panel, []);
    if (at === null) return;
    const answer = await explorer.load(`run/${run.id}/step/${at}/part/${kind}-${part.id}`)
      .catch(error => ({ failed: error.message }));
    if (!current() || open !== panel) return;
    panel.when.textContent = `${run.name}, ${when}`;
    fill(panel, answer.failed ? [explorer.note(answer.failed)] : contents(answer));
    if (answer.figure) {
      panel.chart = new explorer.Chart();
      panel.body.append(panel.chart.node);
      panel.chart.show(answer.figure, `${answer.title}, ${when}`);
    }
  };

  function sought(key, runs) {
    const [id, name] = key.split("/"), run = runs.find(each => each.id === id);
    const kind = run && name && Object.keys(run.parts).find(each => name.startsWith(each + "-"));
    const part = kind && run.parts[kind].find(each => each.id === name.slice(kind.length + 1));
    return part ? { run, kind, part } : null;
  }

  function opened(key, name, run) {
    if (open && open.key === key) return open;
    close(true);
    const heading = element("h2", { id: "part-name", tabindex: -1 }, name), when = element("p", { class: "at" });
    const body = element("div", {});
    const end = element("button", { type: "button", class: "close", onclick: leave }, "Close");
    const node = element("aside", { id: "part", role: "dialog", "aria-labelledby": "part-name" }, heading, end, when,
      body);
    document.body.append(node);
    document.body.classList.add("looking");
    open = { key, node, when, body, opener: explorer.opener || (open && open.opener) };
    explorer.opener = null;
    heading.focus();
    return open;
  }

  function contents(answer) {
    const evidence = (answer.evidence || []).map(each => [each.name, explorer.written(each)]);
    const ablation = answer.ablation || [];
    return [
      ...(evidence.length ? [element("h3", {}, "Evidence"), explorer.table("Evidence", ["", "value"], evidence)] : []),
      ...(ablation.length ? [element("h3", {}, "Ablated"), explorer.ablation(ablation)] : []),
      answer.ablation_note ? explorer.note(answer.ablation_note) : null,
    ];
  }

  function fill(panel, children) {
    if (panel.chart) panel.chart.remove();
    panel.chart = null;
    panel.body.replaceChildren(...children.filter(Boolean));
  }

  // Closes the panel, and gives the focus back to what opened it, unless another part follows.
  function close(another) {
    if (!open) return;
    const { node, opener } = open, held = node.contains(document.activeElement);
    fill(open, []);
    node.remove();
    document.body.classList.remove("looking");
    open = null;
    if (another) return;
    if (held) (opener && opener.isConnected ? opener : document.getElementById("main")).focus();
  }

  function leave() {
    explorer.go({ part: null });
  }

  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && open) leave();
  });
})();
