// The dashboard: who is signed in, which page is shown, and the events that all pages draw from.
import {render} from "preact";
import {useCallback, useEffect, useReducer, useRef, useState} from "preact/hooks";

import {call, session} from "./api.js";
import {Jobs} from "./jobs.jsx";
import {Keys} from "./keys.jsx";
import {empty, reduce} from "./numbers.js";
import {Overview} from "./overview.jsx";
import {Playground} from "./playground.jsx";
import {SignIn} from "./sign_in.jsx";
import {follow} from "./stream.js";

const pages = [
  {path: "overview", name: "Overview", show: Overview},
  {path: "playground", name: "Playground", show: Playground},
  {path: "keys", name: "Keys", show: Keys},
  {path: "jobs", name: "Jobs", show: Jobs},
];

const pageOf = () => pages.find((page) => location.hash.startsWith(`#${page.path}`)) ?? pages[0];

function usePage() {
  const [page, setPage] = useState(pageOf);
  useEffect(() => {
    const change = () => setPage(pageOf());
    addEventListener("hashchange", change);
    return () => removeEventListener("hashchange", change);
  }, []);
  return page;
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" class="mark-ground" />
      <path d="M9 9v14M13 9v14" class="mark-bar" />
      <path d="M24 10v12" class="mark-bar mark-faint" />
      <circle cx="18.5" cy="13" r="1.7" class="mark-dot" />
      <circle cx="18.5" cy="19" r="1.7" class="mark-dot" />
    </svg>
  );
}

const stateTexts = {connecting: "Connecting", live: "Live", lost: "Connection lost – trying again"};

function Header({page, state, account, leave}) {
  return (
    <header class="top">
      <a class="brand" href="#overview" aria-label="Reprise, overview"><Mark /><span>Reprise</span></a>
      <nav aria-label="Pages">
        {pages.map((each) => (
          <a href={`#${each.path}`} aria-current={each === page ? "page" : undefined}>{each.name}</a>
        ))}
      </nav>
      <div class="top-end">
        <span class={`pill pill-${state}`} role="status"><i aria-hidden="true" />{stateTexts[state]}</span>
        <button class="quiet" onClick={leave} title={account.email}>Sign out</button>
      </div>
    </header>
  );
}

// What stands above everything else while it holds.
function Trouble({numbers, state}) {
  const {tick} = numbers;
  let text = null;
  if (state === "lost") text = "The connection to the server is cut. What you see is what it last said.";
  else if (tick && !tick.redis.configured) text = "There is no Redis set up: every request is answered by the database.";
  else if (tick?.redis.switchedOff) text = "Redis is switched off. Every request is answered by the database; nothing old is ever shown.";
  else if (tick && !tick.redis.up) text = "Redis is away. Every request is answered by the database; nothing old is ever shown.";
  else if (tick && !tick.redis.trusted) text = "Redis is there, but not trusted yet: missed invalidations are being repeated first.";
  else if (tick && !tick.store.up) text = "The database does not answer.";
  return <div class="trouble" role="alert" hidden={!text}>{text}</div>;
}

function Signed({account, leave}) {
  const page = usePage();
  const [numbers, tell] = useReducer((state, [name, data]) => reduce(state, name, data), undefined, empty);
  const [state, setState] = useState("connecting");
  // Whoever signs out is not told that the session has ended.
  const isLeaving = useRef(false);
  const refused = (why) => isLeaving.current || leave(why);
  async function signOut() {
    isLeaving.current = true;
    let why = "";
    try {
      await call("POST", "/api/auth/logout", {token: account.token});
    } catch (error) {
      if (error.status !== 401) why = "This page has forgotten the session, but the server could not be told to end it.";
    }
    leave(why);
  }
  useEffect(() => follow(account.token, {
    told: (name, data) => tell([name, data]),
    state: setState,
    refused: (status) => refused(status === 403 ? "This account is no admin's." : "Your session has ended. Please sign in again."),
  }), [account.token]);
  useEffect(() => {
    document.title = `${page.name} · Reprise`;
  }, [page]);
  const Page = page.show;
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.getElementById("main").focus();
      }}>Skip to the content</a>
      <Header page={page} state={state} account={account} leave={signOut} />
      <main id="main" tabIndex={-1}>
        <Trouble numbers={numbers} state={state} />
        <Page numbers={numbers} account={account} refused={refused} />
      </main>
    </>
  );
}

function App() {
  const [account, setAccount] = useState(session.load);
  const [why, setWhy] = useState("");
  const leave = useCallback((reason) => {
    session.clear();
    setWhy(reason);
    setAccount(null);
  }, []);
  if (account) return <Signed account={account} leave={leave} />;
  return <SignIn why={why} enter={(who) => {
    session.save(who);
    setWhy("");
    setAccount(who);
  }} />;
}

render(<App />, document.getElementById("app"));
