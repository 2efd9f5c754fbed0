// Where one is: the run, the one it is compared with, the step, the part looked into, or the sweep and which of its
// axes. It stands in the address after the #, so that a place can be linked to and loaded again.
(function () {
  "use strict";
  const KEYS = ["run", "with", "step", "part", "sweep", "axes"];

  explorer.place = function () {
    const found = new URLSearchParams(location.hash.slice(1));
    return Object.fromEntries(KEYS.map(key => [key, found.get(key)]).filter(pair => pair[1]));
  };

  explorer.address = function (place) {
    return "#" + KEYS.filter(key => place[key] !== undefined && place[key] !== null && place[key] !== "")
      .map(key => key + "=" + encodeURIComponent(place[key])).join("&");
  };

  // Changes the place. A step replaces the one before it in the browser's history, anything else is added to it.
  explorer.go = function (change) {
    const address = explorer.address({ ...explorer.place(), ...change });
    if (address === location.hash) return;
    const more = Object.keys(change).some(key => key !== "step");
    history[more ? "pushState" : "replaceState"](null, "", address);
    explorer.show();
  };
})();
