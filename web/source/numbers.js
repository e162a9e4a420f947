// From the server's events to what is drawn: totals, rates, and two series of points.

export const results = ["hits", "misses", "bypasses", "collapsed"];
const counted = [...results, "localHits", "stored", "rejected", "tooLarge", "failed", "invalidations", "removed"];
const longest = 600;  // live points: ten minutes of one a second

const zero = () => Object.fromEntries(counted.map((name) => [name, 0]));

function add(to, from) {
  for (const name of counted) to[name] += from[name] ?? 0;
  return to;
}

export const requestsOf = (count) => count.hits + count.misses + count.bypasses + count.collapsed;
export const ratioOf = (count) => (requestsOf(count) > 0 ? count.hits / requestsOf(count) : null);
// A read of the origin that did not have to be made.
export const savedOf = (count) => count.hits + count.collapsed;

export function empty() {
  return {tick: null, total: zero(), rates: null, byPrefix: [], live: [], past: [], news: [], minute: zero()};
}

// The differences, or nothing where the process has begun anew in between.
function since(before, now) {
  const difference = {};
  for (const name of counted) difference[name] = (now[name] ?? 0) - (before?.[name] ?? 0);
  return Object.values(difference).some((value) => value < 0) ? {...zero(), ...now} : difference;
}

function onTick(state, tick) {
  const total = zero();
  for (const count of Object.values(tick.prefixes)) add(total, count);
  const before = state.tick;
  if (!before) return {...state, tick, total, byPrefix: Object.entries(tick.prefixes).map(([name, count]) => ({name, count, rate: 0, rates: zero()}))};
  const seconds = Math.max(tick.t - before.t, 0.05);
  const byPrefix = Object.entries(tick.prefixes).map(([name, count]) => {
    const change = since(before.prefixes[name], count);
    const rates = Object.fromEntries(counted.map((each) => [each, change[each] / seconds]));
    return {name, count, rates, rate: requestsOf(rates)};
  });
  const rates = byPrefix.reduce((sum, each) => add(sum, each.rates), zero());
  // Where nothing of a kind happened, its line has a gap.
  const time = (of, part) => (tick.latency[of].count > 0 ? tick.latency[of][part] : null);
  const point = {t: tick.t, seconds, rates,
                 times: [time("hit", "p50"), time("hit", "p99"), time("miss", "p50"), time("miss", "p99"), time("bypass", "p50"), time("bypass", "p99")]};
  const live = [...state.live, point].slice(-longest);
  const minute = zero();
  for (const each of live) if (each.t > tick.t - 60) for (const name of counted) minute[name] += each.rates[name] * each.seconds;
  return {...state, tick, total, rates, byPrefix, live, minute};
}

function onHistory(state, {columns, points}) {
  const at = Object.fromEntries(columns.map((name, index) => [name, index]));
  const past = points.map((row) => {
    const rates = zero();
    for (const name of [...results, "stored", "rejected", "invalidations"]) rates[name] = row[at[name]];
    const time = (name) => (row[at[name]] > 0 ? row[at[name]] : null);
    return {t: row[at.t], rates, times: ["hit50", "hit99", "miss50", "miss99", "bypass50", "bypass99"].map(time)};
  });
  return {...state, past};
}

let sequence = 0;

export function reduce(state, name, data) {
  if (name === "history") return onHistory(state, data);
  if (name === "tick") return onTick(state, data);
  if (name !== "invalidated") return state;
  const fresh = data.scopes.map(([scope, entries]) => ({id: ++sequence, t: data.t, scope, entries})).reverse();
  if (data.more > 0) fresh.unshift({id: ++sequence, t: data.t, scope: null, entries: data.more});
  return {...state, news: [...fresh, ...state.news].slice(0, 100)};
}

// The points of a range in seconds, oldest first: the server's own of each ten seconds, then what was seen live.
export function pointsOf(state, range) {
  const now = state.tick?.t ?? Date.now() / 1000;
  const firstLive = state.live[0]?.t ?? Infinity;
  if (range <= longest) return [...state.past.filter((each) => each.t < firstLive), ...state.live].filter((each) => each.t > now - range);
  // An hour has one point each ten seconds, also of what was seen live since.
  const lastPast = state.past.at(-1)?.t ?? 0;
  const gathered = [];
  let group = [];
  for (const each of state.live) {
    if (each.t <= lastPast) continue;
    group.push(each);
    if (group.length < 10) continue;
    gathered.push(together(group));
    group = [];
  }
  if (group.length > 0) gathered.push(together(group));
  return [...state.past, ...gathered].filter((each) => each.t > now - range);
}

function together(points) {
  const rates = zero();
  const seconds = points.reduce((sum, each) => sum + each.seconds, 0);
  for (const each of points) for (const name of counted) rates[name] += (each.rates[name] * each.seconds) / seconds;
  const times = points[0].times.map((_, i) => {
    const known = points.map((each) => each.times[i]).filter((value) => value !== null);
    return known.length > 0 ? known.reduce((a, b) => a + b) / known.length : null;
  });
  return {t: points.at(-1).t, seconds, rates, times};
}
