// What is known of one run as a whole: what it was, its phases, its curves, and what its explanation says.
(function () {
  "use strict";
  const { element } = explorer;

  explorer.Run = class {
    // `listed` is the run in the index, `file` its data or `{failed: why it is not there}`, `where` where its
    // explanation is: "asked" for, "here" or "absent".
    constructor(listed, file, where) {
      [this.id, this.name, this.stepKnown] = [listed.id, listed.name, listed.step_known !== false];
      [this.file, this.where] = [file, where];
      this.steps = file.failed ? [] : listed.steps;
      this.parts = file.parts || {};
      this.curves = file.curves && new explorer.Chart(point => explorer.go({ step: stepOf(point) }));
      this.node = element("section", { class: "run-whole", "aria-label": "Run " + this.name }, ...this.contents());
    }

    contents() {
      const { file } = this, title = element("h2", {}, this.name);
      if (file.failed) return [title, explorer.note(file.failed)];
      return [
        title, file.headline ? element("p", { class: "headline" }, file.headline) : null,
        explorer.about(file.description || []), this.happened(), this.curves ? this.curves.node : null, this.why(),
      ];
    }

    draw() {
      if (this.curves) this.curves.show(this.file.curves, this.name + ". " + (this.file.curves_text || ""));
      if (this.where === "here" && !this.file.failed) this.explain();
    }

    // Phases and events, each a button that goes to its step.
    happened() {
      const phases = (this.file.phases || []).map(phase => [phase.name + " from ", first(phase.start)]);
      const events = Object.entries(this.file.events || {}).map(([name, step]) => [name + ": ", step]);
      const seen = phases.concat(events).filter(([, step]) => typeof step === "number");
      if (!seen.length) return null;
      return element("ul", { class: "chips", "aria-label": "What happened in " + this.name }, ...seen.map(
        ([name, step]) => element("li", {}, element("button", { type: "button", onclick: () => explorer.go({ step }) },
          name + explorer.step(step)))));
    }

    // The explanation, where it is among the files; else a button that asks for it, where somebody can make it.
    why() {
      this.explained = element("div", { class: "why" });
      if (this.where === "absent") return null;
      if (this.where === "asked") {
        const button = element("button", { type: "button", onclick: () => this.ask(button) }, "Explain this run");
        this.explained.append(button, element("span", { class: "caption" }, " When it generalised, by which algorithm, "
          + "and with which evidence: this can take a minute."));
      }
      return this.explained;
    }

    async ask(button) {
      if (button.getAttribute("aria-disabled")) return;  // it is under way
      button.setAttribute("aria-disabled", "true");
      explorer.say("Explaining " + this.name + ".");
      const said = await this.explain();
      button.removeAttribute("aria-disabled");
      explorer.say("");
      said.focus();
    }

    // Puts the explanation into its place, or, below what is there, why there is none.
    async explain() {
      const said = element("div", { class: "explained", tabindex: -1 });
      try {
        const why = await explorer.load(`run/${this.id}/why`);
        said.append(element("p", { class: "headline " + why.verdict }, why.headline), explorer.findings(why));
        this.explained.replaceChildren(said);
      } catch (error) {
        said.append(explorer.note(error.message));
        for (const before of this.explained.querySelectorAll(".explained")) before.remove();
        this.explained.append(said);
      }
      return said;
    }
  };

  // An interval of kept steps is dated by its end, the first step at which the phase has begun.
  const first = start => Array.isArray(start) ? start[start.length - 1] : start;

  function stepOf(point) {
    const step = [point.customdata].flat()[0];
    return Math.round(typeof step === "number" ? step : point.x);
  }
})();
