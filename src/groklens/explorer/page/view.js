// One run, or two beside each other, under one slider that moves every picture at once.
(function () {
  "use strict";
  const { element } = explorer;
  const REST = 120;  // milliseconds that the slider rests before a step is asked for that is not here yet

  explorer.View = class {
    constructor(runs, index) {
      this.runs = runs;
      this.steps = Array.from(new Set(runs.flatMap(run => run.steps))).sort((a, b) => a - b);
      this.known = runs.some(run => run.stepKnown);
      const move = step => explorer.go({ step });
      this.slider = this.steps.length ? new explorer.Slider(this.steps, move, this.known) : null;
      this.pictures = new explorer.Pictures(runs);
      this.numbers = element("div", { class: "numbers" });
      this.looks = [];
      this.node = element("article", { class: runs.length > 1 ? "two" : "alone" }, ...this.contents(index));
    }

    contents(index) {
      const named = this.runs.length > 1;
      return [
        element("h1", { tabindex: -1 }, this.runs.map(run => run.name).join(" and ")), compared(this.runs, index),
        this.slider ? this.slider.node : null,
        element("div", { class: "overview" },
          element("div", { class: named ? "wholes beside" : "wholes" }, ...this.runs.map(run => run.node)),
          element("div", {}, element("h2", {}, "Numbers at the step shown"), this.numbers)),
        element("div", { class: "look-into" }, ...this.runs.flatMap(run => explorer.parts(run, named))), this.pictures.node,
      ];
    }

    draw() {
      this.runs.forEach(run => run.draw());
    }

    // The kept step that `wanted`, the text of a number, stands for: the last where there is none.
    step(wanted) {
      const at = wanted === undefined ? NaN : Number(wanted);
      if (Number.isNaN(at)) return this.steps[this.steps.length - 1];
      return explorer.atOrBefore(this.steps, at) ?? this.steps[0];
    }

    // Moves everything to a step, all at once when all of it is here; until then all stays as it is and says so.
    async move(step, current) {
      if (!this.slider) return;
      this.slider.stand(step);
      if (this.slider.drawn === step) return explorer.say("");
      const looks = this.runs.map(run => ({ run, at: explorer.atOrBefore(run.steps, step) }));
      if (!looks.every(look => look.at === null || explorer.isHere(fileOf(look)))) {
        explorer.say("Loading " + explorer.step(step, this.known) + ".");
        await new Promise(done => setTimeout(done, this.slider.drawn === null ? 0 : REST));
        if (!current()) return;
      }
      const found = await Promise.all(looks.map(looked));
      if (!current()) return;
      this.looks = found;
      this.pictures.show(found);
      this.numbers.replaceChildren(explorer.numbers(found.filter(look => look.file && look.file.numbers).map(
        look => ({ title: this.runs.length > 1 ? look.run.name : "value", numbers: look.file.numbers }))));
      for (const look of found) if (look.run.curves) look.run.curves.mark(look.at);
      this.slider.shows(step);
      explorer.say(found.some(look => look.failed) ? "Not all of this step could be loaded." : "");
    }
  };

  const fileOf = look => `run/${look.run.id}/step/${look.at}`;

  async function looked(look) {
    if (look.run.file.failed) return { ...look, failed: `${look.run.name} cannot be looked at.` };
    if (look.at === null)
      return { ...look, failed: `${look.run.name} has no step so early; its first is ${explorer.step(look.run.steps[0])}.` };
    return explorer.load(fileOf(look)).then(file => ({ ...look, file }), error => ({ ...look, failed: error.message }));
  }

  // Which other run is beside this one; the same two are in the address.
  function compared([run, other], index) {
    const others = index.runs.filter(each => each.id !== run.id && each.steps.length);
    if (!others.length) return null;
    const chosen = element("select", { id: "with", onchange: () => explorer.go({ with: chosen.value, part: null }) },
      element("option", { value: "" }, "no run"),
      ...others.map(each => element("option", { value: each.id, selected: Boolean(other) && each.id === other.id },
        each.name)));
    return element("p", { class: "compared" }, element("label", { for: "with" }, "Compare with "), chosen);
  }
})();
