// The usual recipe on its usual stack: Express 4, ioredis 5, jsonwebtoken.
//
// Its database is a list in memory (BENCH_BODY: the same bytes as the other candidates') and, for each user, how many
// bookings were made since; reading and writing it take ORIGIN_DELAY_MS, as a database would.
const express = require("express");
const Redis = require("ioredis");
const jwt = require("jsonwebtoken");

const redis = new Redis(process.env.REDIS_URL);
const app = express();
const list = JSON.parse(process.env.BENCH_BODY);
const ttl = Number(process.env.CACHE_TTL || 600);
const delay = Number(process.env.ORIGIN_DELAY_MS || 0);
const made = new Map();
let reads = 0;

const wait = (ms) => ms > 0 && new Promise((resolve) => setTimeout(resolve, ms));

const authenticate = (req, res, next) => {
  try {
    const claims = jwt.verify((req.headers.authorization || "").replace(/^Bearer /, ""), process.env.JWT_SECRET, {algorithms: ["HS256"]});
    req.user = {id: claims.sub, role: claims.role};
    next();
  } catch {
    res.status(401).json({success: false});
  }
};

const cache = (prefix) => async (req, res, next) => {
  const key = `${prefix}:user:${req.user.id}:role:${req.user.role}:query:${JSON.stringify(req.query)}`;
  const stored = await redis.get(key);
  if (stored) return res.set("X-Cache", "HIT").json({...JSON.parse(stored), cached: true});
  const send = res.json.bind(res);
  res.json = (body) => {
    redis.set(key, JSON.stringify(body), "EX", ttl);
    return send(body);
  };
  res.set("X-Cache", "MISS");
  next();
};

const invalidate = async (pattern) => {
  for await (const keys of redis.scanStream({match: pattern, count: 100})) if (keys.length) await redis.del(keys);
};

// What a read sees is what was there in the middle of it: a database answers neither before it has looked nor at once.
app.get("/api/bookings", authenticate, cache("bookings"), async (req, res) => {
  reads += 1;
  await wait(delay / 2);
  const body = {...list, total: list.total + (made.get(req.user.id) || 0)};
  await wait(delay / 2);
  res.json(body);
});

app.post("/api/bookings", authenticate, async (req, res) => {
  await wait(delay);
  made.set(req.user.id, (made.get(req.user.id) || 0) + 1);
  await invalidate(`bookings:user:${req.user.id}:*`);
  res.status(201).json({success: true});
});

app.get("/origin-reads", (req, res) => res.json(reads));
app.listen(Number(process.env.PORT), "127.0.0.1");
