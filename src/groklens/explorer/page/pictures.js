// The pictures of one step in a grid. Of two runs, pictures of one kind stand beside each other.
(function () {
  "use strict";
  const { element } = explorer;

  class Picture {
    constructor(run) {
      this.run = run;
      this.chart = new explorer.Chart(point => this.pick(point));
      this.title = element("h3", {});
      this.at = element("p", { class: "at" });
      this.caption = element("p", { class: "caption" });
      this.node = element("article", { class: "picture", tabindex: -1 }, this.title, this.at, this.chart.node,
        this.caption);
    }

    show(picture, at, named) {
      this.picture = picture;
      this.node.dataset.kind = picture.kind;
      this.title.textContent = picture.title;
      const when = explorer.step(at, this.run.stepKnown);
      this.at.textContent = named ? `${this.run.name}, ${when}` : when;
      this.caption.textContent = picture.caption || "";
      this.chart.node.classList.toggle("pickable", Boolean(picture.parts));
      this.chart.node.hidden = !picture.figure;
      if (picture.figure) this.chart.show(picture.figure, `${picture.text || picture.title} ${when}`);
      else this.caption.textContent = picture.note || this.caption.textContent;
    }

    // What is clicked on is a part of the model where the picture says so.
    pick(point) {
      const { parts } = this.picture;
      if (!parts) return;
      const marked = parts.by !== "name" && point.customdata !== undefined && point.customdata !== null;
      const found = parts.by === "name" ? point.data.name : marked ? point.customdata : point[parts.by];
      const id = String([found].flat()[0]);
      if ((this.run.parts[parts.kind] || []).some(each => each.id === id))
        explorer.lookInto(this.run, parts.kind, id, this.node);
    }
  }

  explorer.Pictures = class {
    constructor(runs) {
      this.runs = runs;
      this.made = new Map();  // key of a place in the grid → its picture
      this.node = element("div", { class: runs.length > 1 ? "pictures beside" : "pictures" });
    }

    // `looks` has for each run `{run, at, file}`, or `{run, at, failed}` with why there is nothing.
    show(looks) {
      const pictures = looks.map(look => new Map(keyed((look.file || {}).pictures || [])));
      const keys = Array.from(new Set(pictures.flatMap(each => Array.from(each.keys()))));
      const cells = keys.flatMap(key => looks.map((look, i) => this.cell(look, key, pictures[i].get(key))));
      this.place(looks.some(look => look.failed) ? [...looks.map(reason), ...cells] : cells);
      for (const key of keys) looks.forEach((look, i) => {
        const picture = pictures[i].get(key);
        if (picture) this.made.get(look.run.id + " " + key).show(picture, look.at, looks.length > 1);
      });
    }

    // Puts the cells into the grid, and ends what is there no more; nothing is moved where all are there already.
    place(cells) {
      const same = cells.length === this.node.children.length && cells.every((cell, i) => cell === this.node.children[i]);
      if (same) return;
      for (const [key, picture] of this.made) if (!cells.includes(picture.node)) {
        picture.chart.remove();
        this.made.delete(key);
      }
      this.node.replaceChildren(...cells);
    }

    cell(look, key, picture) {
      if (!picture) return element("p", { class: "none" }, look.failed ? "" : `${look.run.name} has no such picture.`);
      const place = look.run.id + " " + key;
      if (!this.made.has(place)) this.made.set(place, new Picture(look.run));
      return this.made.get(place).node;
    }
  };

  // Pictures by their kind, and by their order where there are several of one.
  function keyed(pictures) {
    const before = kind => pictures.slice(0, pictures.indexOf(kind)).filter(each => each.kind === kind.kind).length;
    return pictures.map(picture => [picture.kind + " " + before(picture), picture]);
  }

  function reason(look) {
    return look.failed ? explorer.note(look.failed) : element("p", { class: "none" });
  }
})();
