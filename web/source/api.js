// Calls of the server's API. Tokens live in this tab's session storage, and go into headers only, never into a URL.

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const unreachable = "The server cannot be reached.";
const answersWithin = 20_000;  // milliseconds

function messageOf(body, status) {
  const error = body?.error ?? body ?? {};
  const fields = Object.entries(error.fields ?? {}).map(([name, text]) => `${name} ${text}`);
  return [error.message ?? `The server answered ${status}.`, ...fields].join(" ");
}

// Gives the reply's body; throws Refused, with status 0 where there was no answer at all.
export async function call(method, path, {token, body, signal} = {}) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const limit = new AbortController();
  const stop = () => limit.abort();
  const timer = setTimeout(stop, answersWithin);
  signal?.addEventListener("abort", stop);
  let reply, text;
  try {
    reply = await fetch(path, {method, headers, signal: limit.signal, cache: "no-store", body: body === undefined ? undefined : JSON.stringify(body)});
    text = await reply.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused(0, limit.signal.aborted ? "The server did not answer in time." : unreachable);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
  let parsed = null;
  try {
    parsed = text ? JSON.parse(text) : null;
  } catch {
    // What is no JSON is no reply of ours: a proxy's page, perhaps.
  }
  if (!reply.ok) throw new Refused(reply.status, messageOf(parsed, reply.status));
  return {data: parsed?.data, body: parsed, headers: reply.headers, bytes: text.length};
}

// How long the server took to answer, as the browser saw it: from the request's first byte to the reply's first.
export async function timedCall(method, path, options) {
  performance.clearResourceTimings();
  const began = performance.now();
  const reply = await call(method, path, options);
  const outside = performance.now() - began;
  const entry = performance.getEntriesByType("resource").filter((each) => each.name.endsWith(path)).pop();
  const inside = entry ? entry.responseStart - entry.requestStart : 0;
  return {...reply, milliseconds: inside > 0 ? inside : outside};
}

const key = "reprise.session";

export const session = {
  load() {
    try {
      return JSON.parse(sessionStorage.getItem(key));
    } catch {
      return null;
    }
  },
  save(value) {
    sessionStorage.setItem(key, JSON.stringify(value));
  },
  clear() {
    sessionStorage.removeItem(key);
  },
};

export async function signIn(email, password) {
  const {data} = await call("POST", "/api/auth/login", {body: {email, password}});
  return {token: data.token, id: data.user.id, name: data.user.name, role: data.user.role, email: data.user.email};
}
