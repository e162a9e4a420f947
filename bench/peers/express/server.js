// The usual recipe on its usual stack: Express 4, ioredis 5, jsonwebtoken.
const express = require("express");
const Redis = require("ioredis");
const jwt = require("jsonwebtoken");

const redis = new Redis(process.env.REDIS_URL);
const app = express();
const list = JSON.parse(process.env.BENCH_BODY); // what the database would give: the same bytes as the other candidate's

const authenticate = (req, res, next) => {
  try {
    const claims = jwt.verify((req.headers.authorization || "").replace(/^Bearer /, ""), process.env.JWT_SECRET, {algorithms: ["HS256"]});
    req.user = {id: claims.sub, role: claims.role};
    next();
  } catch {
    res.status(401).json({success: false});
  }
};

const cache = (prefix, ttl) => async (req, res, next) => {
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

app.get("/api/bookings", authenticate, cache("recipe", 600), (req, res) => res.json(list));
const server = app.listen(Number(process.env.PORT), "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
