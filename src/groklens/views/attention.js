(function draw(left) {
  "use strict";
  const root = document.getElementById("NAME");
  // Scripts come in the order of the cells, but a front end may draw outputs in another.
  if (!root || !window.CircuitsVis) { if (left) setTimeout(draw, 200, left - 1); return; }
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const choice = root.querySelector("select"), slider = root.querySelector("input"), said = root.querySelector("output");
  const heads = root.querySelector(".heads"), numbers = root.querySelector("tbody");
  let count = 0;

  function show() {
    const input = data.inputs[choice.value], step = data.steps[slider.value];
    const attention = data.attention[slider.value][choice.value];
    said.textContent = step;
    // A fresh element each time: a second render into the same one keeps what was hovered.
    const child = document.createElement("div");
    child.id = "NAME-" + count++;
    heads.replaceChildren(child);
    CircuitsVis.render(child.id, CircuitsVis.AttentionHeads, {
      attention: attention, tokens: input.tokens, attentionHeadNames: data.heads });
    numbers.replaceChildren.apply(numbers, attention.map(function (pattern, head) {
      const row = document.createElement("tr");
      [data.heads[head]].concat(pattern[pattern.length - 1].map(function (share, key) {
        return input.tokens[key] + ": " + share.toFixed(3); })).forEach(function (text) {
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
  root.querySelectorAll("[hidden]").forEach(function (node) { node.hidden = false; });
  show();
})(50);
