// The server's events, read by fetch: an EventSource could send no Authorization header, and a token does not belong into
// a URL. The connection comes back by itself; one that is silent for too long is given up.
import {Refused} from "./api.js";

const silentFor = 5000;  // the server sends once a second
const pauses = [300, 1000, 2000, 5000];

// Calls on(name, data) for each event in the text of one connection.
export function makeParser(on) {
  let rest = "";
  return (text) => {
    rest += text;
    for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
      const block = rest.slice(0, end);
      rest = rest.slice(end + 2);
      let name = "message", data = "";
      for (const line of block.split("\n")) {
        if (line.startsWith("event: ")) name = line.slice(7);
        if (line.startsWith("data: ")) data += line.slice(6);
      }
      if (data) on(name, JSON.parse(data));
    }
  };
}

// Follows the events until stop() is called. `told` gets each event; `state` gets "connecting", "live" or "lost" with a
// reason; `refused` is called once where the token is not, or no longer, good for it.
export function follow(token, {told, state, refused}) {
  let isStopped = false, attempt = 0, controller = null, timer = 0;

  async function once() {
    controller = new AbortController();
    let watchdog = 0;
    const wait = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => controller.abort(), silentFor);
    };
    wait();
    try {
      const reply = await fetch("/api/events", {headers: {Authorization: `Bearer ${token}`}, signal: controller.signal, cache: "no-store"});
      if (reply.status === 401 || reply.status === 403) throw new Refused(reply.status, "");
      if (!reply.ok) throw new Error(`the server answered ${reply.status}`);
      const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
      const parse = makeParser((name, data) => {
        attempt = 0;
        if (name === "ended") throw new Refused(401, "");
        state("live");
        told(name, data);
      });
      for (;;) {
        const {done, value} = await reader.read();
        if (done) return;
        wait();
        parse(value);
      }
    } finally {
      clearTimeout(watchdog);
      controller.abort();
    }
  }

  (async () => {
    while (!isStopped) {
      state(attempt === 0 ? "connecting" : "lost");
      try {
        await once();
      } catch (error) {
        if (isStopped) return;
        if (error instanceof Refused) {
          refused(error.status);
          return;
        }
      }
      if (isStopped) return;
      // What ended in good order is opened again at once; what failed, after a pause.
      const pause = pauses[Math.min(attempt, pauses.length - 1)];
      attempt += 1;
      if (attempt > 1) state("lost");
      await new Promise((resolve) => (timer = setTimeout(resolve, pause)));
    }
  })();

  return () => {
    isStopped = true;
    clearTimeout(timer);
    controller?.abort();
  };
}
