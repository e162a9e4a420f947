// A student and a teacher side by side, on one cache: what each request took, and what lies in Redis for each of them.
import {useEffect, useReducer, useRef, useState} from "preact/hooks";

import {call, signIn, timedCall} from "./api.js";
import * as format from "./format.js";

const listPath = "/api/bookings?status=pending&limit=5";
const rowsShown = 14;
const toldWithin = 3000;  // milliseconds from a write's answer to the event of its invalidation
const roles = ["student", "teacher"];
const scopeOf = (who) => `bookings:user:${who.id}`;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const colourOf = {HIT: "hit", MISS: "miss", BYPASS: "bypass", WRITE: "write"};

// One request, as a bar as long as it took; or something that happened between two.
function Row({row, longest}) {
  if (row.milliseconds === undefined)
    return (
      <li class="play-row play-note">
        <span class={row.result ? `badge badge-${row.result.toLowerCase()}` : ""}>{row.result}</span><span class="play-what">{row.what}</span>
      </li>
    );
  const part = Math.max(row.milliseconds / longest, 0.004);
  return (
    <li class="play-row">
      <span class={`badge badge-${row.result.toLowerCase()}`}>{row.result}</span>
      <svg class="play-bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class={`ink-${colourOf[row.result]} fill grow`} width={part * 1000} height="10" rx="2" />
      </svg>
      <span class="play-time">{format.milliseconds(row.milliseconds)}</span>
      <span class="play-what">{row.what}</span>
    </li>
  );
}

function Entry({entry}) {
  const [, query] = entry.key.split(":query:");
  return (
    <li class={`chip ${entry.isGone ? "is-gone" : ""}`}>
      <code>{query}</code><span>{entry.isGone ? "gone" : format.bytes(entry.size)}</span>
    </li>
  );
}

function Person({role, who, rows, entries, longest, busy, isOff, actions}) {
  return (
    <section class="card person" aria-label={role}>
      <div class="card-head">
        <h2>{role === "student" ? "Student" : "Teacher"}<small>{who ? who.name : "signing in …"}</small></h2>
      </div>
      <div class="actions">{actions.map(({name, run, isMain}) => <button class={isMain ? "primary" : ""} disabled={!who || busy} onClick={run}>{name}</button>)}</div>
      <h3>Requests<small>{rows.length > 0 ? `times to scale: the longest bar is ${format.milliseconds(longest)}` : "times to scale"}</small></h3>
      <ol class="play-rows" aria-live="polite">
        {rows.length === 0 && <li class="muted">None yet.</li>}
        {rows.map((row) => <Row key={row.id} row={row} longest={longest} />)}
      </ol>
      <h3>In Redis<small>{who ? `bookings:user:…${who.id.slice(-6)}` : ""}</small></h3>
      <ul class="chips" aria-live="polite">
        {isOff && <li class="muted">Redis is off: nothing is looked for there, and nothing kept.</li>}
        {!isOff && entries.map((entry) => <Entry key={entry.key} entry={entry} />)}
        {!isOff && entries.length === 0 && <li class="muted">No entry: the next list is a miss.</li>}
      </ul>
    </section>
  );
}

// Everything that changes while one plays.
function change(state, [what, value]) {
  switch (what) {
    case "row":
      return {...state, rows: {...state.rows, [value.role]: [...state.rows[value.role], {...value, id: state.next}].slice(-rowsShown)}, next: state.next + 1};
    case "clear":
      return {...state, rows: nothing.rows};
    case "entries":
      return {...state, entries: {...state.entries, [value.role]: value.entries}};
    case "gone":
      return {...state, entries: {...state.entries, [value.role]: state.entries[value.role].map((each) => ({...each, isGone: true}))}};
    default:
      return state;
  }
}

const nothing = {rows: {student: [], teacher: []}, entries: {student: [], teacher: []}, next: 1};

// A lesson somewhere in the next two years, on a quarter of an hour: so that one seldom meets another.
function someTime() {
  const day = 30 + Math.floor(Math.random() * 700);
  const at = new Date(Date.now() + day * 86_400_000);
  at.setUTCHours(4 + Math.floor(Math.random() * 14), 15 * Math.floor(Math.random() * 4), 0, 0);
  return at.toISOString().replace(".000", "");
}

function usePlay(account, demo, isOff, say) {
  const [people, setPeople] = useState(null);
  const [state, tell] = useReducer(change, nothing);
  const gig = useRef(null), lastBooking = useRef(null);
  const awaited = useRef(null);  // whose scope's invalidation is waited for, and what is called then

  useEffect(() => {
    let isOver = false;
    (async () => {
      try {
        const [student, teacher] = await Promise.all(roles.map((role) => signIn(demo[role], demo.password)));
        const {data} = await call("GET", `/api/gigs?teacherId=${teacher.id}&limit=1`);
        if (isOver) return;
        gig.current = data[0];
        setPeople({student, teacher});
      } catch (error) {
        say(`The demo's people cannot sign in: ${error.message}`);
      }
    })();
    return () => (isOver = true);
  }, []);

  // What Redis holds of both, as an admin sees it.
  async function look() {
    if (!people) return;
    await Promise.all(roles.map(async (role) => {
      const found = [];
      let cursor = null;
      try {
        do {
          const path = `/api/cache/keys?prefix=${scopeOf(people[role])}&limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`;
          const {data} = await call("GET", path, {token: account.token});
          found.push(...data.keys);
          cursor = data.next;
        } while (cursor !== null);
      } catch {
        // Redis is away: then there is nothing to show.
      }
      tell(["entries", {role, entries: found.filter((each) => each.kind === "entry" && each.state !== "dead")}]);
    }));
  }
  useEffect(() => {
    look();
  }, [people]);

  async function list(role) {
    const reply = await timedCall("GET", listPath, {token: people[role].token});
    const result = reply.headers.get("X-Cache") ?? "MISS";
    tell(["row", {role, result, milliseconds: reply.milliseconds, what: `list – ${reply.body.total} pending`}]);
    await look();
    return result;
  }

  async function write(role, method, path, body, what) {
    const told = isOff ? pause(0) : Promise.race([pause(toldWithin), new Promise((done) => (awaited.current = {role, done}))]);
    const reply = await timedCall(method, path, {token: people[role].token, body});
    tell(["row", {role, result: "WRITE", milliseconds: reply.milliseconds, what}]);
    for (const other of roles) if (other !== role) tell(["row", {role: other, result: "", what: `the ${role} ${what}`}]);
    await told;
    await pause(700);  // for the eye: entries that vanish are seen to
    await look();
    return reply;
  }

  // The server has told that a scope is invalidated, and how many entries it had.
  function gone(role, entries) {
    tell(["gone", {role}]);
    if (entries > 0) tell(["row", {role, result: "GONE", what: entries === 1 ? "the entry vanishes" : `${format.exact(entries)} entries vanish`}]);
    if (awaited.current?.role === role) awaited.current.done();
  }

  async function book() {
    for (let tries = 0; ; ++tries) {
      try {
        const reply = await write("student", "POST", "/api/bookings", {gigId: gig.current.id, scheduledAt: someTime()}, "books a lesson");
        lastBooking.current = reply.data.id;
        return;
      } catch (error) {
        if (error.status !== 409 || tries === 5) throw error;
      }
    }
  }

  async function accept() {
    if (!lastBooking.current) {
      const {data} = await call("GET", "/api/bookings?status=pending&limit=1", {token: people.teacher.token});
      if (data.length === 0) return say("There is nothing to accept: let the student book a lesson first.");
      lastBooking.current = data[0].id;
    }
    const id = lastBooking.current;
    lastBooking.current = null;
    await write("teacher", "PUT", `/api/bookings/${id}/status`, {status: "accepted"}, "accepts the lesson");
  }

  // As if nobody had asked before: without entries, and without what was played until now.
  async function beginAnew() {
    tell(["clear"]);
    await look();
    await Promise.all(roles.map((role) => call("POST", "/api/cache/invalidate", {token: account.token, body: {prefix: "bookings", userId: people[role].id}})));
    both("", "both scopes are purged, to begin with nothing");
    await pause(500);
    await look();
  }

  const both = (result, what) => roles.forEach((role) => tell(["row", {role, result, what}]));
  return {people, ...state, list, book, accept, look, gone, both, beginAnew};
}

// A step's number stands out.
function Caption({text}) {
  const [, step, words] = text.match(/^(\d) +(.*)$/) ?? [];
  return step ? <span><b class="step">{step}</b> {words}</span> : <span>{text}</span>;
}

function Switch({isOn, isBusy, turn}) {
  return (
    <button class="redis-switch" role="switch" aria-checked={isOn} disabled={isBusy} onClick={() => turn(!isOn)}>
      <i aria-hidden="true" /><span>Redis is {isOn ? "on" : "off"}</span>
    </button>
  );
}

const intro = ({storeDelayMilliseconds: delay}) =>
  "Press “Play the story”, or any button: both use the same server, and what you see are real requests." +
  (delay > 0 ? ` Its database is ${delay} ms away, as over a network.` : "");

function Play({account, demo, numbers, refused}) {
  const [text, say] = useState(() => intro(demo));
  const [isBusy, setBusy] = useState(false);
  const [isOn, setOn] = useState(demo.redis);
  const play = usePlay(account, demo, isOn === false, say);
  const seen = useRef(numbers.news[0]?.id ?? 0);

  // Entries vanish when the server says so, and not when we think that they should.
  useEffect(() => {
    const fresh = numbers.news.filter((each) => each.id > seen.current);
    if (fresh.length === 0 || !play.people) return;
    seen.current = fresh[0].id;
    for (const role of roles) {
      const told = fresh.find((each) => each.scope === scopeOf(play.people[role]));
      if (told) play.gone(role, told.entries);
    }
  }, [numbers.news]);

  // One thing at a time, also where a second press comes before the buttons are drawn as such; what goes wrong is said.
  const isDoing = useRef(false);
  const doing = (run) => async () => {
    if (isDoing.current) return;
    isDoing.current = true;
    setBusy(true);
    try {
      await run();
    } catch (error) {
      if (error.status === 401) refused("Your session has ended. Please sign in again.");
      else say(error.message);
    }
    isDoing.current = false;
    setBusy(false);
  };

  async function turn(on) {
    await call("POST", "/api/demo/redis", {token: account.token, body: {state: on ? "on" : "off"}});
    setOn(on);
    play.both(on ? "ON" : "OFF", on ? "Redis is back" : "Redis is switched off");
    await pause(on ? 600 : 300);
    await play.look();
  }

  async function until(role, wanted) {
    for (let tries = 0; tries < 20; ++tries) {
      if ((await play.list(role)) === wanted) return;
      await pause(400);
    }
  }

  async function story() {
    const step = async (words, run) => {
      say(words);
      await pause(900);
      await run();
      await pause(1200);
    };
    if (isOn === false) await turn(true);
    say("Both scopes are purged first, so that the story begins with nothing kept.");
    await play.beginAnew();
    await step("1  Both ask for their pending lessons. The first time it is a miss: the database is read, and the reply is kept.", () => Promise.all(roles.map(play.list)));
    await step("2  They ask again. Now it is a hit: the same reply from Redis, and the database has nothing to do.", () => Promise.all(roles.map(play.list)));
    await step("3  The student books a lesson. It stands in both lists, so both scopes lose their entries, before the booking is confirmed.", play.book);
    await step("4  Whoever asks now reads the database, and sees the new lesson at once.", () => Promise.all(roles.map(play.list)));
    await step("5  Hits again, for both.", () => Promise.all(roles.map(play.list)));
    await step("6  The teacher accepts, and both scopes vanish once more.", play.accept);
    await step("7  Fresh again.", () => Promise.all(roles.map(play.list)));
    if (isOn !== null) {
      await step("8  Redis is switched off. Requests bypass it: as slow as the database, and as right.", async () => {
        await turn(false);
        await Promise.all(roles.map(play.list));
      });
      await step("9  Redis is back, is brought up to date, and is used again.", async () => {
        await turn(true);
        await until("student", "HIT");
        await until("teacher", "HIT");
      });
    }
    say("That is all of it: nobody ever saw a list older than the last write.");
  }

  const longest = Math.max(1, ...roles.flatMap((role) => play.rows[role].map((row) => row.milliseconds ?? 0)));
  const shared = (role) => ({role, who: play.people?.[role], rows: play.rows[role], entries: play.entries[role], longest, busy: isBusy, isOff: isOn === false});
  return (
    <>
      <div class="bar stage">
        <button class="primary" disabled={!play.people || isBusy} onClick={doing(story)}>Play the story</button>
        <p class="caption" role="status"><Caption text={text} /></p>
        {isOn !== null && <Switch isOn={isOn} isBusy={isBusy} turn={(on) => doing(() => {
          say(on ? "Redis is back. Before it is used again, whatever invalidation it has missed is repeated." : "Redis is off. Requests go to the database: slower, and never old.");
          return turn(on);
        })()} />}
      </div>
      <div class="people">
        <Person {...shared("student")} actions={[{name: "List lessons", run: doing(() => play.list("student")), isMain: true}, {name: "Book a lesson", run: doing(play.book)}]} />
        <Person {...shared("teacher")} actions={[{name: "List lessons", run: doing(() => play.list("teacher")), isMain: true}, {name: "Accept the lesson", run: doing(play.accept)}]} />
      </div>
    </>
  );
}

export function Playground({numbers, account, refused}) {
  const [demo, setDemo] = useState(undefined);
  useEffect(() => {
    call("GET", "/api/demo", {token: account.token})
      .then(({data}) => setDemo(data))
      .catch((error) => (error.status === 401 ? refused("Your session has ended. Please sign in again.") : setDemo(null)));
  }, []);
  return (
    <>
      <h1>Playground</h1>
      {demo === undefined && <p class="muted">Looking whether this is a demonstration …</p>}
      {demo === null && (
        <section class="card empty-page">
          <p>The playground books lessons and switches Redis off, so it is there in a demonstration only: start the server with <code>make run</code>, or <code>bookings-server serve --demo</code> on demo data.</p>
        </section>
      )}
      {demo && <Play account={account} demo={demo} numbers={numbers} refused={refused} />}
    </>
  );
}
