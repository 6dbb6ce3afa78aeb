/* Browsers refuse workers on pages opened from a folder. There the search runs in a hidden frame instead. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.appendChild(this.frame);
      this.inside = this.frame.contentWindow;
      this.heard = event => {
        if (event.source !== this.inside) return;
        const message = new MessageEvent("message", { data: event.data });
        this.dispatchEvent(message);
        if (this.onmessage) this.onmessage(message);
      };
      addEventListener("message", this.heard);
      this.ready = new Promise(loaded => {
        const inside = this.inside;
        inside.postMessage = data => window.dispatchEvent(new MessageEvent("message", { data, source: inside }));
        inside.importScripts = (...urls) => urls.reduce((before, from) => before.then(() => this.load(from)), Promise.resolve());
        this.load(url).then(loaded);
      });
    }
    load(url) {
      return new Promise(loaded => {
        const script = this.frame.contentDocument.createElement("script");
        script.src = url;
        script.onload = loaded;
        this.frame.contentDocument.body.appendChild(script);
      });
    }
    postMessage(data) {
      this.ready.then(() => this.inside.dispatchEvent(new MessageEvent("message", { data })));
    }
    terminate() {
      removeEventListener("message", this.heard);
      this.frame.remove();
    }
  };
}
