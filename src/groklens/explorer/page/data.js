// The data of the page, each file a script that hands its value to `explorer.receive`: `fetch` cannot read beside a
// page that was opened from a folder.
(function () {
  "use strict";
  const MOST = 40;  // files that are kept; of a long run there are more than a browser should hold
  const kept = new Map();  // name → promise, the longest unasked first
  const awaited = new Map();  // path of the file without its ending → what to do with the value

  explorer.receive = function (path, value) {
    const take = awaited.get(path);
    if (take) take(value);
  };

  // The value of a file, such as "run/0/step/100"; an Error with a sentence where there is none.
  explorer.load = function (name) {
    const found = kept.get(name) || asked(name);
    kept.delete(name);
    kept.set(name, found);
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST) break;
      if (!awaited.has("data/" + oldest)) kept.delete(oldest);
    }
    return found;
  };

  explorer.isHere = name => kept.has(name) && !awaited.has("data/" + name);
  explorer.keeps = () => Array.from(kept.keys());

  function asked(name) {
    const script = document.createElement("script");
    const promise = new Promise(function (resolve, reject) {
      const missing = () => reject(new Error(
        "Not here: " + name + " is not exported, or the explorer has stopped. Run “groklens show PATH”."));
      awaited.set("data/" + name, resolve);
      script.onerror = missing;
      script.onload = missing;  // which changes nothing once the value was received
      script.src = "data/" + name.split("/").map(encodeURIComponent).join("/") + ".js";
      document.head.append(script);
    }).then(function (value) {
      if (value && value.note) throw new Error(value.note);
      return value;
    }).finally(function () {
      awaited.delete("data/" + name);
      script.remove();
    });
    promise.catch(() => kept.delete(name));  // it may be there when it is asked for again
    return promise;
  }
})();
