#include "server/stores/mongo/rows.hpp"

#include "server/stores/failure_log.hpp"
#include "server/stores/mongo/collections.hpp"

namespace bookings::mongo {
namespace {

template <class T>
T word(const document& from, const char* name, std::optional<T> (*parse)(std::string_view) noexcept) {
  const auto text = from.text(name);
  const auto parsed = parse(text);
  if (!parsed) from.refuse(name, "is the unknown word \"" + text + "\"");
  return *parsed;
}

template <class T>
T word_or(const document& from, const char* name, std::optional<T> (*parse)(std::string_view) noexcept, T otherwise) {
  return from.has(name) ? word(from, name, parse) : otherwise;
}

// Mongoose's timestamps are an option of its schemas: where they are missing, the ObjectId tells when it was made.
time_point created_at(const document& from) {
  if (from.has("createdAt")) return from.time("createdAt");
  const auto id = from.reference("_id");
  if (!is_valid_id(id)) return from.time("createdAt");
  return time_point{std::chrono::seconds{std::stoll(id.substr(0, 8), nullptr, 16)}};
}

time_point updated_at(const document& from) { return from.has("updatedAt") ? from.time("updatedAt") : created_at(from); }

// One that is gone or bad leaves a gap, and does not take with it what refers to it: such data may be another program's.
template <class Read>
auto shown_of(const document& its, Read read) -> decltype(read(its)) {
  if (its.is_empty()) return {};
  try {
    return read(its);
  } catch (const bad_document& error) {
    log_store_failure("join", error.what());
    return {};
  }
}

std::string text_of(const document& its, const char* member) {
  return shown_of(its, [&](const document& found) { return found.optional_text(member).value_or(""); });
}

money price_of_gig(const document& its) {
  return shown_of(its, [](const document& found) { return found.amount("price"); });
}

const reference student{"student", users, {"name"}}, teacher{"teacher", users, {"name"}};

}  // namespace

user read_user(const document& from) {
  user u;
  u.id = from.reference("_id");
  u.email = from.text("email");
  u.name = from.text("name");
  u.password_hash = from.optional_text("password").value_or("");  // who signs in elsewhere has none
  u.created_at = created_at(from);
  u.about = {from.optional_text("bio"),  from.optional_text("phone"),    from.optional_text("address"),
             from.optional_text("city"), from.optional_text("postcode"), from.optional_text("country")};
  const auto ends = read_session(from);
  u.token_version = ends.token_version;
  u.state = ends.state;
  u.role = ends.role;
  return u;
}

session read_session(const document& from) {
  session s;
  s.token_version = from.number_or("tokenVersion", 1);
  s.state = word_or(from, "state", parse_account_state, account_state::active);
  s.role = word_or(from, "role", parse_role, role::student);
  return s;
}

booking read_booking(const document& from) {
  booking b;
  b.id = from.reference("_id");
  b.student_id = from.reference("student");
  b.teacher_id = from.reference("teacher");
  b.gig_id = from.reference("gig");
  b.status = word(from, "status", parse_booking_status);
  b.payment = word_or(from, "paymentStatus", parse_payment_status, payment_status::unpaid);
  b.scheduled_at = from.time("scheduledAt");
  b.duration_minutes = static_cast<int>(from.number_or("durationMinutes", 60));
  b.note = from.optional_text("note");
  b.price = from.amount("price");
  b.created_at = created_at(from);
  b.updated_at = updated_at(from);
  return b;
}

gig read_gig(const document& from) {
  gig g;
  g.id = from.reference("_id");
  g.teacher_id = from.reference("teacher");
  g.title = from.text("title");
  g.subject = from.optional_text("subject").value_or("");
  g.description = from.optional_text("description").value_or("");
  g.price = from.amount("price");
  g.created_at = created_at(from);
  g.updated_at = updated_at(from);
  return g;
}

review read_review(const document& from) {
  review r;
  r.id = from.reference("_id");
  r.booking_id = from.reference("booking");
  r.gig_id = from.reference("gig");
  r.student_id = from.reference("student");
  r.teacher_id = from.reference("teacher");
  r.rating = static_cast<int>(from.number("rating"));
  r.comment = from.optional_text("comment").value_or("");
  r.created_at = created_at(from);
  return r;
}

manual_payment read_manual_payment(const document& from) {
  manual_payment p;
  p.id = from.reference("_id");
  p.booking_id = from.reference("booking");
  p.student_id = from.reference("student");
  p.method = word(from, "method", parse_payment_method);
  p.transaction_id = from.text("transactionId");
  p.amount = from.amount("amount");
  p.status = word(from, "status", parse_manual_payment_status);
  p.created_at = created_at(from);
  if (p.status == manual_payment_status::pending) return p;
  // Another program may not have kept who decided and when.
  p.decided = {from.has("decidedBy") ? from.reference("decidedBy") : id(),
               from.has("decidedAt") ? from.time("decidedAt") : updated_at(from), from.optional_text("reason")};
  return p;
}

trail_entry read_trail(const document& from) {
  trail_entry entry;
  entry.id = from.reference("_id");
  entry.at = from.time("at");
  entry.what.actor = from.text("actor");
  entry.what.action = word(from, "action", parse_trail_action);
  entry.what.subject = word(from, "subjectKind", parse_trail_subject);
  entry.what.subject_id = from.text("subject");
  entry.what.reason = from.optional_text("reason");
  return entry;
}

document to_document(const user& u) {
  return make("_id", ref(u.id), "email", u.email, "name", u.name, "role", to_text(u.role), "password", u.password_hash,
              "createdAt", u.created_at, "bio", u.about.bio, "phone", u.about.phone, "address", u.about.address, "city",
              u.about.city, "postcode", u.about.postcode, "country", u.about.country, "tokenVersion", u.token_version,
              "state", to_text(u.state), "__v", 0);
}

document to_document(const booking& b) {
  return make("_id", ref(b.id), "student", ref(b.student_id), "teacher", ref(b.teacher_id), "gig", ref(b.gig_id), "status",
              to_text(b.status), "paymentStatus", to_text(b.payment), "scheduledAt", b.scheduled_at, "durationMinutes",
              b.duration_minutes, "note", b.note, "price", b.price, "createdAt", b.created_at, "updatedAt", b.updated_at,
              "__v", 0);
}

document to_document(const gig& g) {
  return make("_id", ref(g.id), "teacher", ref(g.teacher_id), "title", g.title, "subject", g.subject, "description",
              g.description, "price", g.price, "createdAt", g.created_at, "updatedAt", g.updated_at, "__v", 0);
}

document to_document(const review& r) {
  return make("_id", ref(r.id), "booking", ref(r.booking_id), "gig", ref(r.gig_id), "student", ref(r.student_id), "teacher",
              ref(r.teacher_id), "rating", r.rating, "comment", r.comment, "createdAt", r.created_at, "__v", 0);
}

document to_document(const manual_payment& p) {
  return make("_id", ref(p.id), "booking", ref(p.booking_id), "student", ref(p.student_id), "method", to_text(p.method),
              "transactionId", p.transaction_id, "amount", p.amount, "status", to_text(p.status), "createdAt", p.created_at,
              "__v", 0);
}

document to_document(const trail_entry& t, std::int64_t number) {
  return make("_id", ref(t.id), "number", number, "at", t.at, "actor", t.what.actor, "action", to_text(t.what.action),
              "subjectKind", to_text(t.what.subject), "subject", t.what.subject_id, "reason", t.what.reason);
}

const view_kind<booking_view> booking_views{{student, teacher, {"gig", gigs, {"title", "subject", "price"}}}, [](const joined& from) {
  booking_view view;
  view.row = read_booking(from.row);
  view.student_name = text_of(from.its[0], "name");
  view.teacher_name = text_of(from.its[1], "name");
  view.gig_title = text_of(from.its[2], "title");
  view.gig_subject = text_of(from.its[2], "subject");
  view.gig_price = price_of_gig(from.its[2]);
  return view;
}};

const view_kind<gig> gig_views{{teacher}, [](const joined& from) {
  auto view = read_gig(from.row);
  view.teacher_name = text_of(from.its[0], "name");
  return view;
}};

const view_kind<review_view> review_views{{student, teacher, {"gig", gigs, {"title"}}}, [](const joined& from) {
  review_view view;
  view.row = read_review(from.row);
  view.student_name = text_of(from.its[0], "name");
  view.teacher_name = text_of(from.its[1], "name");
  view.gig_title = text_of(from.its[2], "title");
  return view;
}};

const view_kind<manual_payment_view> manual_payment_views{{student}, [](const joined& from) {
  manual_payment_view view;
  view.row = read_manual_payment(from.row);
  view.student_name = text_of(from.its[0], "name");
  return view;
}};

const view_kind<trail_entry> trail_views{{}, [](const joined& from) { return read_trail(from.row); }};

}  // namespace bookings::mongo
