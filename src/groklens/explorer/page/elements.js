// Elements of the page. Whatever comes from a run is text: nothing here takes HTML.
window.explorer = {};
(function () {
  "use strict";

  // An element with attributes (functions are listeners: `onclick`) and children, elements or text.
  explorer.element = function (name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (typeof value === "function") made.addEventListener(key.slice(2), value);
      else if (value === true) made.setAttribute(key, "");
      else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
    }
    made.append(...children.filter(child => child !== null && child !== undefined));
    return made;
  };

  explorer.note = text => explorer.element("p", { class: "note" }, text);

  // What is under way or went wrong, in words, which screen readers read out; nothing when all is there.
  explorer.say = function (words) {
    const said = document.getElementById("said");
    if (said.textContent !== words) said.textContent = words;
  };

  // A number to four digits; — where there is none.
  explorer.number = function (value) {
    if (typeof value !== "number") return value === null || value === undefined ? "—" : String(value);
    if (!Number.isFinite(value)) return String(value);
    const far = value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e9);
    return far ? scientific(value) : value.toLocaleString("en-GB", { maximumSignificantDigits: 4 });
  };

  // As 5.295 × 10⁻⁷, which no line parts.
  function scientific(value) {
    const [digits, power] = value.toExponential(3).split("e");
    const raised = power.replace("+", "").replace("-", "⁻").replace(/\d/g, digit => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
    return Number(digits) + "\u00a0×\u00a010" + raised;
  }

  // What plotly would show of a text with its own marks in it: no tags, `&lt;` a sign again.
  explorer.plain = text => String(text).replace(/<[^>]*>/g, " ").replace(/&lt;/g, "<").replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&");

  // `known` is false of a lone model of which nobody says the step: it stands at 0.
  explorer.step = (step, known) => "step " + (known === false ? "unknown" : step.toLocaleString("en-GB"));
})();
