// What lies in the cache: keys of a prefix or of one scope, an entry's header and body, and purging.
import {useEffect, useMemo, useRef, useState} from "preact/hooks";

import {call} from "./api.js";
import {Confirm} from "./dialog.jsx";
import * as format from "./format.js";

const rowHeight = 48;
const most = 250_000;  // kept in this page; beyond it, one looks at a scope
const kinds = ["entry", "generation", "index", "lock"];

// Walks through the keys, page by page, so that neither server nor page is ever busy for long.
function useKeys(account, of, refused) {
  const [shown, setShown] = useState({keys: [], isLooking: false, isWhole: false, error: ""});
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!of) return;
    const controller = new AbortController();
    const found = new Map();
    const show = (more) => setShown({keys: [...found.values()], isLooking: false, isWhole: false, error: "", ...more});
    show({isLooking: true});
    (async () => {
      let cursor = null;
      try {
        do {
          const path = `/api/cache/keys?prefix=${encodeURIComponent(of)}&limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`;
          const {data} = await call("GET", path, {token: account.token, signal: controller.signal});
          for (const each of data.keys) found.set(each.key, each);
          cursor = data.next;
          show({isLooking: cursor !== null && found.size < most, isWhole: cursor === null});
        } while (cursor !== null && found.size < most);
      } catch (error) {
        if (error.name === "AbortError") return;
        if (error.status === 401) return refused("Your session has ended. Please sign in again.");
        show({error: error.message});
      }
    })();
    return () => controller.abort();
  }, [of, turn]);
  return [shown, () => setTurn((now) => now + 1)];
}

function State({value}) {
  return <span class={`badge badge-${value}`}>{value}</span>;
}

// An entry's key in two lines, scope and query: in one it would be cut where neighbours differ.
function Name({text}) {
  const at = [":role:", ":query:"].map((each) => text.indexOf(each)).find((each) => each > 0) ?? text.length;
  return <span role="gridcell" class="keys-name" title={text}><span>{text.slice(0, at)}</span><span class="muted">{text.slice(at)}</span></span>;
}

const columns = ["Key", "Kind", "State", "Age", "TTL", "Size"];

function List({keys, chosen, choose}) {
  const place = useRef(null);
  const [view, setView] = useState({top: 0, height: 600});
  useEffect(() => {
    const box = place.current;
    const look = () => setView({top: box.scrollTop, height: box.clientHeight});
    const observer = new ResizeObserver(look);
    observer.observe(box);
    box.addEventListener("scroll", look, {passive: true});
    return () => observer.disconnect();
  }, []);
  const at = keys.findIndex((each) => each.key === chosen);
  const first = Math.max(0, Math.floor(view.top / rowHeight) - 8);
  const visible = keys.slice(first, first + Math.ceil(view.height / rowHeight) + 16);

  function move(event) {
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 2);
    const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -keys.length, End: keys.length};
    if (!(event.key in steps) || keys.length === 0) return;
    event.preventDefault();
    const next = Math.min(keys.length - 1, Math.max(0, at < 0 ? 0 : at + steps[event.key]));
    choose(keys[next]);
    const top = next * rowHeight;
    if (top < view.top) place.current.scrollTop = top;
    // Below the head, which is no higher than a row.
    if (top + 2 * rowHeight > view.top + view.height) place.current.scrollTop = top + 2 * rowHeight - view.height;
  }

  return (
    <div class="keys" ref={place} role="grid" aria-label="Keys" aria-rowcount={keys.length + 1} tabIndex={0} onKeyDown={move}
      aria-activedescendant={at >= first && at < first + visible.length ? `key-${at}` : undefined}>
      <div class="keys-row keys-head" role="row" aria-rowindex={1}>{columns.map((name) => <span role="columnheader">{name}</span>)}</div>
      <div class="keys-body" role="rowgroup" style={{height: `${keys.length * rowHeight}px`}}>
        {visible.map((each, i) => (
          <div key={each.key} id={`key-${first + i}`} class={`keys-row ${each.key === chosen ? "is-chosen" : ""}`} role="row" aria-rowindex={first + i + 2}
            aria-selected={each.key === chosen} style={{top: `${(first + i) * rowHeight}px`}} onClick={() => choose(each)}>
            <Name text={each.key} />
            <span role="gridcell">{each.kind}</span>
            <span role="gridcell"><State value={each.state} /></span>
            <span role="gridcell">{each.ageMilliseconds === null ? "" : format.duration(each.ageMilliseconds)}</span>
            <span role="gridcell">{each.ttlMilliseconds === null ? "none" : format.duration(each.ttlMilliseconds)}</span>
            <span role="gridcell">{each.kind === "index" ? each.size === 1 ? "1 key" : `${format.exact(each.size)} keys` : format.bytes(each.size)}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

// Text only, whatever it holds: indented where it is JSON.
function textOf(entry) {
  if (entry.truncated) return entry.body;
  try {
    return JSON.stringify(JSON.parse(entry.body), null, 2);
  } catch {
    return entry.body;
  }
}

function Details({account, chosen, purge, close}) {
  const [shown, setShown] = useState(null);
  useEffect(() => {
    setShown(null);
    if (chosen.kind !== "entry") return;
    const controller = new AbortController();
    call("GET", `/api/cache/entry?key=${encodeURIComponent(chosen.key)}`, {token: account.token, signal: controller.signal})
      .then(({data}) => setShown({entry: data}))
      .catch((error) => error.name !== "AbortError" && setShown({error: error.status === 404 ? "It is gone by now." : error.message}));
    return () => controller.abort();
  }, [chosen.key]);
  const entry = shown?.entry;
  const text = useMemo(() => (entry ? textOf(entry) : ""), [entry]);
  const [prefix, kind, user] = chosen.scope.split(":");
  const isUsers = kind === "user" && user !== "shared";
  return (
    <section class="card details" aria-label="The chosen key">
      <div class="card-head"><h2>{chosen.kind}</h2><button class="quiet" onClick={close}>Close</button></div>
      <p class="details-key"><code>{chosen.key}</code></p>
      <dl class="pairs">
        <div><dt>State</dt><dd><State value={(entry ?? chosen).state} /></dd></div>
        <div><dt>Scope</dt><dd><code>{chosen.scope || "none"}</code></dd></div>
        <div><dt>TTL</dt><dd>{chosen.ttlMilliseconds === null ? "none" : format.duration(chosen.ttlMilliseconds)}</dd></div>
        {chosen.ageMilliseconds !== null && <div><dt>Age</dt><dd>{format.duration(chosen.ageMilliseconds)}</dd></div>}
        {entry && (
          <>
            <div><dt>Status</dt><dd>{entry.status} · {entry.contentType}</dd></div>
            <div><dt>ETag</dt><dd><code>{entry.etag || "none"}</code></dd></div>
            <div><dt>Generation</dt><dd><code>{entry.generation}</code></dd></div>
            <div><dt>Fresh for</dt><dd>{format.duration(entry.freshForMilliseconds)}</dd></div>
            <div><dt>Body</dt><dd>{format.bytes(entry.bodyBytes)}{entry.compressed && ", kept compressed"}</dd></div>
          </>
        )}
      </dl>
      {shown?.error && <p class="error">{shown.error}</p>}
      {chosen.kind === "entry" && !shown && <p class="muted">Reading it …</p>}
      {entry?.truncated && <p class="muted">The first {format.bytes(text.length)} of it:</p>}
      {entry && <pre tabIndex={0} aria-label="Body">{text}</pre>}
      <div class="actions">
        {isUsers && <button class="danger-quiet" onClick={() => purge({prefix, userId: user})}>Purge this user's {prefix} …</button>}
        {prefix && <button class="danger-quiet" onClick={() => purge({prefix})}>Purge all {prefix} …</button>}
      </div>
    </section>
  );
}

export function Keys({numbers, account, refused}) {
  const prefixes = Object.keys(numbers.tick?.prefixes ?? {});
  const [of, setOf] = useState(decodeURIComponent(location.hash.split("/")[1] ?? ""));
  const [text, setText] = useState("");
  const [kind, setKind] = useState("");
  const [chosen, setChosen] = useState(null);
  const [asking, setAsking] = useState(null);
  const [told, setTold] = useState("");
  const [found, again] = useKeys(account, of, refused);
  useEffect(() => {
    if (!of && prefixes.length > 0) setOf(prefixes.includes("bookings") ? "bookings" : prefixes[0]);
  }, [prefixes.length]);
  const keys = useMemo(() => found.keys.filter((each) => (!kind || each.kind === kind) && (!text || each.key.includes(text))), [found.keys, kind, text]);

  async function purge(what) {
    setAsking(null);
    try {
      await call("POST", "/api/cache/invalidate", {token: account.token, body: what});
      setTold(what.userId ? `Purged ${what.prefix} of user ${what.userId}.` : `Purged all ${what.prefix}.`);
      setChosen(null);
    } catch (error) {
      if (error.status === 401) return refused("Your session has ended. Please sign in again.");
      setTold(error.message);
    }
    again();
  }

  const total = keys.length === 1 ? "1 key" : `${format.exact(keys.length)} keys`;
  const state = found.error || (found.isLooking ? `${total} so far, looking on …` : found.isWhole ? total : `${total}, and more: look at one scope, such as bookings:user:…`);
  return (
    <>
      <h1>Keys</h1>
      <div class="bar">
        <div class="field">
          <label for="of">Prefix or scope</label>
          <input id="of" list="prefixes" value={of} onChange={(event) => {
            setChosen(null);
            setOf(event.currentTarget.value.trim());
          }} />
          <datalist id="prefixes">{prefixes.map((name) => <option value={name} />)}</datalist>
        </div>
        <div class="field">
          <label for="kind">Kind</label>
          <select id="kind" value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            <option value="">all</option>{kinds.map((name) => <option value={name}>{name}</option>)}
          </select>
        </div>
        <div class="field grows"><label for="contains">Contains</label><input id="contains" value={text} onInput={(event) => setText(event.currentTarget.value)} placeholder="a user's id, a status" /></div>
        <button onClick={again}>Look again</button>
      </div>
      <p role="status" class={found.error ? "error" : "muted"}>{told && <>{told} </>}{of ? state : "Choose a prefix."}</p>
      <div class={`browse ${chosen ? "has-details" : ""}`}>
        <div class="card flush"><List keys={keys} chosen={chosen?.key} choose={setChosen} /></div>
        {chosen && <Details account={account} chosen={chosen} purge={setAsking} close={() => setChosen(null)} />}
      </div>
      {asking && (
        <Confirm title={asking.userId ? `Purge ${asking.prefix} of one user?` : `Purge everything under ${asking.prefix}?`}
          text={asking.userId ? `All entries of user ${asking.userId} under ${asking.prefix} are dropped, on every node. The next request of each reads the database again.`
            : `Every entry under ${asking.prefix} is dropped, of all users and on every node. All of it is read from the database again.`}
          action="Purge" yes={() => purge(asking)} no={() => setAsking(null)} />
      )}
    </>
  );
}
