// The search runs in a worker, and a page that was opened from a folder may start none: a hidden frame stands in.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      const scope = frame.contentWindow;
      const own = new URL(address, document.baseURI);
      const load = (url) => new Promise((done, failed) => {
        const script = scope.document.createElement("script");
        script.src = new URL(url, own);
        script.addEventListener("load", done);
        script.addEventListener("error", failed);
        scope.document.body.append(script);
      });
      scope.importScripts = (...urls) => urls.reduce((before, url) => before.then(() => load(url)), Promise.resolve());
      scope.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      this.started = load(own);
      this.scope = scope;
    }

    postMessage(data) {
      this.started.then(() => this.scope.dispatchEvent(new MessageEvent("message", { data })));
    }
  };
}
