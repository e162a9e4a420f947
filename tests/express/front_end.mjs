// node front_end.mjs URL: what the front end of an Express app does, with fetch alone, and as if bookings-server were
// that app. Prints what its pages would show.
const [base] = process.argv.slice(2);

const api = async (path, {token, ...options} = {}) => {
  const response = await fetch(base + "/api" + path, {
    ...options,
    headers: {"Content-Type": "application/json", ...(token && {Authorization: `Bearer ${token}`})},
    body: options.body && JSON.stringify(options.body),
  });
  const body = await response.json();
  if (!response.ok) throw Object.assign(new Error(body.message), {status: response.status, errors: body.errors});
  return body;
};
const get = (path, token) => api(path, {token});
const post = (path, body, token) => api(path, {method: "POST", body, token});
const put = (path, body, token) => api(path, {method: "PUT", body, token});
const problem = (request) => request.then(() => "none", ({message, status, errors}) => ({message, status, errors}));

const signUp = async (name, role) => {
  const email = `${name}.${Date.now()}@example.com`;
  await post("/auth/register", {name, email, password: "long enough", confirmPassword: "long enough", role});
  return post("/auth/login", {email, password: "long enough"});  // {token, user}
};
const teacher = await signUp("Ayesha", "teacher");
const student = await signUp("Rahim", "student");
const {data: me} = await get("/auth/me", student.token);

await post("/gigs", {title: "Algebra", subject: "Mathematics", description: "Equations", price: 800}, teacher.token);
const {data: [gig]} = await get(`/gigs?teacher=${teacher.user._id}`);
const {data: booking} = await post("/bookings", {gig: gig._id, scheduledAt: "2031-03-01T10:00:00Z"}, student.token);
await put(`/bookings/${booking._id}/status`, {status: "accepted"}, teacher.token);
const list = await get("/bookings", student.token);
const again = await get("/bookings", student.token);
const rows = list.data.map((each) => `${each.gig.title} (${each.gig.subject}) with ${each.teacher.name}: ${each.status}, ${each.price}`);

await put(`/bookings/${booking._id}/status`, {status: "completed"}, teacher.token);
const {data: review} = await post("/reviews", {booking, rating: 5, comment: "Very clear"}, student.token);
const {data: reviews} = await get(`/reviews?gig=${gig._id}`);

console.log(JSON.stringify({
  sameUser: me._id === student.user._id && me._id === list.data[0].student._id,
  rows, count: list.count, cached: again.cached, sameRows: JSON.stringify(again.data) === JSON.stringify(list.data),
  createdAt: list.data[0].createdAt, ids: [list.data[0]._id === booking._id, list.data[0].gig._id === gig._id, "id" in list.data[0]],
  review: [review.booking === booking._id, reviews.map((each) => `${each.student.name}: ${each.rating}, ${each.comment}`)],
  problems: {
    password: await problem(post("/auth/login", {email: student.user.email, password: "wrong"})),
    field: await problem(post("/bookings", {gig: "algebra", scheduledAt: "2031-03-01T10:00:00Z"}, student.token)),
    missing: await problem(get("/bookings/65f000000000000000000001", student.token)),
    guest: await problem(get("/bookings")),
    path: await problem(get("/nothing")),
    reviewed: await problem(post("/reviews", {booking: booking._id, rating: 1, comment: ""}, student.token)),
  },
}));
