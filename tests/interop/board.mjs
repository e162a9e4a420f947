// node board.mjs REDIS_PORT QUEUE…: Bull Board on these queues, set up as its readme does; says on which port it listens.
import {createBullBoard} from "@bull-board/api";
import {BullMQAdapter} from "@bull-board/api/bullMQAdapter";
import {ExpressAdapter} from "@bull-board/express";
import {Queue} from "bullmq";
import express from "express";

import {say} from "./lines.mjs";

const [port, ...names] = process.argv.slice(2);
const queues = names.map((name) => new BullMQAdapter(new Queue(name, {connection: {host: "127.0.0.1", port: Number(port)}})));
const serverAdapter = new ExpressAdapter();
createBullBoard({queues, serverAdapter});
const app = express();
app.use("/", serverAdapter.getRouter());
const server = app.listen(0, "127.0.0.1", () => say({news: "ready", port: server.address().port}));
process.stdin.on("end", () => process.exit(0)).resume();
