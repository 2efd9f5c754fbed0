(function draw(left) {
  "use strict";
  const root = document.getElementById("NAME");
  // Scripts come in the order of the cells, but a front end may draw outputs in another.
  if (!root || !window.CircuitsVis) { if (root || left) setTimeout(draw, 200, left - 1); return; }
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const choice = root.querySelector("select"), slider = root.querySelector("input"), said = root.querySelector("output");
  const heads = root.querySelector(".heads"), numbers = root.querySelector("tbody");
  const drawing = root.querySelector(".drawing"), dark = window.matchMedia("(prefers-color-scheme: dark)");
  const MOST = 8;  // keys in a row of numbers; of more, those that are attended to most, with where they stand
  let count = 0;

  // What a query attends to in words: its shares of the keys, and of all others together.
  function attended(shares, tokens) {
    if (shares.length <= MOST) return shares.map((share, key) => tokens[key] + ": " + share.toFixed(3));
    const most = Array.from(shares.keys()).sort((a, b) => shares[b] - shares[a]).slice(0, MOST).sort((a, b) => a - b);
    const others = shares.reduce((sum, share, key) => most.includes(key) ? sum : sum + share, 0);
    return most.map(key => tokens[key] + " (" + key + "): " + shares[key].toFixed(3))
      .concat("all others: " + others.toFixed(3));
  }

  // CircuitsVis draws on white. Where the ground behind it is known to be dark, what it drew is turned over, hues
  // kept, and black is let through; where no ground is known, it keeps a white one of its own.
  function suit() {
    let node = root, ground = null;
    while (node && !ground) {
      const parts = getComputedStyle(node).backgroundColor.match(/[\d.]+/g).map(Number);
      if (parts.length < 4 || parts[3] > 0.5) ground = parts;
      node = node.parentElement;
    }
    const isDark = ground && 0.21 * ground[0] + 0.72 * ground[1] + 0.07 * ground[2] < 110;
    drawing.style.filter = isDark ? "invert(1) hue-rotate(180deg)" : "";
    drawing.style.mixBlendMode = isDark ? "screen" : "";
  }

  function show() {
    const input = data.inputs[choice.value], step = data.steps[slider.value];
    const attention = data.attention[slider.value][choice.value];
    said.textContent = step;
    // A fresh element each time: a second render into the same one keeps what was hovered.
    const child = document.createElement("div");
    child.id = "NAME-" + count++;
    heads.replaceChildren(child);
    CircuitsVis.render(child.id, CircuitsVis.AttentionHeads, {
      attention: attention, tokens: input.tokens, attentionHeadNames: data.heads,
      positiveColor: data.colour, minValue: 0, maxValue: 1, maskUpperTri: data.causal });
    numbers.replaceChildren.apply(numbers, attention.map(function (pattern, head) {
      const row = document.createElement("tr");
      [data.heads[head]].concat(attended(pattern[pattern.length - 1], input.tokens)).forEach(function (text) {
        const cell = document.createElement("td");
        cell.textContent = text;
        cell.style.cssText = "padding:0 14px 0 0;text-align:left";
        row.appendChild(cell);
      });
      return row;
    }));
  }

  choice.addEventListener("change", show);
  slider.addEventListener("input", show);
  dark.addEventListener("change", suit);
  root.querySelectorAll("[hidden]").forEach(function (node) { node.hidden = false; });
  suit();
  show();
})(50);
