// Payment start as it is usually done: the gateway is called inside the request, which answers with the page to pay on.
//
// Its database is a map in memory, so what it takes beside the gateway's own time is Express and the call.
const crypto = require("crypto");
const express = require("express");
const jwt = require("jsonwebtoken");

const app = express();
const session = `${process.env.SSLCOMMERZ_BASE_URL}/gwprocess/v4/api.php`;
const publicUrl = process.env.PUBLIC_URL;
const payments = new Map();

const authenticate = (req, res, next) => {
  try {
    const claims = jwt.verify((req.headers.authorization || "").replace(/^Bearer /, ""), process.env.JWT_SECRET, {algorithms: ["HS256"]});
    req.user = {id: claims.sub, role: claims.role};
    next();
  } catch {
    res.status(401).json({success: false});
  }
};

const formFor = (transactionId, customer) => new URLSearchParams({
  store_id: process.env.SSLCOMMERZ_STORE_ID, store_passwd: process.env.SSLCOMMERZ_STORE_PASSWORD,
  total_amount: "800.00", currency: "BDT", tran_id: transactionId, product_category: "education",
  success_url: `${publicUrl}/success`, fail_url: `${publicUrl}/fail`, cancel_url: `${publicUrl}/cancel`, ipn_url: `${publicUrl}/ipn`,
  cus_name: "A student", cus_email: "student@bench.example", cus_add1: customer.address, cus_city: customer.city,
  cus_postcode: customer.postcode, cus_country: customer.country, cus_phone: customer.phone,
  shipping_method: "NO", num_of_item: "1", product_name: "Algebra", product_profile: "non-physical-goods",
});

app.post("/api/payments/init", authenticate, express.json(), async (req, res) => {
  const transactionId = crypto.randomBytes(12).toString("hex");
  try {
    const reply = await fetch(session, {method: "POST", body: formFor(transactionId, req.body.customer)});
    const said = await reply.json();
    if (said.status !== "SUCCESS") throw new Error(said.failedreason);
    payments.set(transactionId, {bookingId: req.body.bookingId, studentId: req.user.id, status: "initiated"});
    res.json({success: true, data: {id: transactionId, status: "initiated", gatewayUrl: said.GatewayPageURL}});
  } catch (error) {
    res.status(502).json({success: false, error: String(error)});
  }
});

app.get("/health", (req, res) => res.json({}));
// Node.js closes a connection that rests for five seconds; the client keeps its own, as a proxy in front would.
app.listen(Number(process.env.PORT), "127.0.0.1").keepAliveTimeout = 120_000;
