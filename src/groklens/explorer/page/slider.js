// The one slider over training steps, with buttons to the step before and after.
(function () {
  "use strict";
  const { element } = explorer;

  explorer.Slider = class {
    constructor(steps, onMove, known) {
      [this.steps, this.onMove, this.known, this.drawn, this.stands] = [steps, onMove, known, null, null];
      this.range = element("input", {
        type: "range", id: "step", min: 0, max: steps.length - 1, step: 1, "aria-label": "Training step",
        oninput: () => onMove(steps[Number(this.range.value)]),
      });
      this.said = element("output", { for: "step" });
      this.back = this.button("previous", -1, "◀");
      this.on = this.button("next", 1, "▶");
      this.node = element("div", { class: "slider", role: "group", "aria-label": "Training step of all pictures" },
        this.back, this.range, this.on, this.said);
    }

    button(name, by, sign) {
      return element("button", { type: "button", id: name, "aria-label": name + " step", onclick: () => this.by(by) },
        sign);
    }

    by(places) {
      const to = Number(this.range.value) + places;
      if (to >= 0 && to < this.steps.length) this.onMove(this.steps[to]);
    }

    // Where the handle is. What is written beside it is what the pictures show, which can be the step before still.
    stand(step) {
      const place = this.steps.indexOf(step);
      this.stands = step;
      this.range.value = place;
      this.range.setAttribute("aria-valuetext", this.name(step));
      this.back.setAttribute("aria-disabled", place === 0);
      this.on.setAttribute("aria-disabled", place === this.steps.length - 1);
      this.write();
    }

    // The pictures show this step now.
    shows(step) {
      this.drawn = step;
      this.write();
    }

    write() {
      const coming = this.drawn === this.stands ? "" : "loading " + explorer.step(this.stands, this.known);
      const shown = this.drawn === null ? "" : this.name(this.drawn);
      this.said.textContent = [shown, coming].filter(Boolean).join(" · ");
    }

    name(step) {
      return `${explorer.step(step, this.known)} (${this.steps.indexOf(step) + 1} of ${this.steps.length})`;
    }
  };

  // The last kept step at or before `step`; null where there is none.
  explorer.atOrBefore = (steps, step) => steps.filter(each => each <= step).pop() ?? null;
})();
