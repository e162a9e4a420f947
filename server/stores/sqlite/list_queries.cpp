#include "server/stores/sqlite/list_queries.hpp"

#include "server/stores/sqlite/gateway_payment_rows.hpp"

#include <fmt/format.h>

namespace bookings::sqlite {

// CROSS JOIN tells SQLite to keep this order: bookings first, by the index that has the page's order, and then one look
// by id for each name. Nothing is then read or sorted beyond the page.
const std::string_view select_bookings =
    "SELECT b.id, b.student_id, b.teacher_id, b.gig_id, b.status, b.payment_status, b.scheduled_at,"
    " b.duration_minutes, b.note, b.price, b.created_at, b.updated_at, s.name, t.name, g.title, g.subject, g.price"
    " FROM bookings b CROSS JOIN users s ON s.id = b.student_id CROSS JOIN users t ON t.id = b.teacher_id"
    " CROSS JOIN gigs g ON g.id = b.gig_id";

const std::string_view select_gigs =
    "SELECT g.id, g.teacher_id, u.name, g.title, g.subject, g.description, g.price, g.created_at, g.updated_at"
    " FROM gigs g CROSS JOIN users u ON u.id = g.teacher_id";

const std::string_view select_reviews =
    "SELECT r.id, r.booking_id, r.gig_id, r.student_id, r.teacher_id, r.rating, r.comment, r.created_at, g.title,"
    " s.name, t.name FROM reviews r CROSS JOIN gigs g ON g.id = r.gig_id CROSS JOIN users s ON s.id = r.student_id"
    " CROSS JOIN users t ON t.id = r.teacher_id";

const std::string_view select_manual_payments =
    "SELECT p.id, p.booking_id, p.student_id, p.method, p.transaction_id, p.amount, p.status, p.created_at,"
    " p.decided_by, p.decided_at, p.reason, s.name FROM manual_payments p CROSS JOIN users s ON s.id = p.student_id";

namespace {

std::string_view order_of(booking_order order) {
  switch (order) {
    case booking_order::newest: return " ORDER BY b.created_at DESC, b.id DESC";
    case booking_order::oldest: return " ORDER BY b.created_at, b.id";
    case booking_order::soonest: return " ORDER BY b.scheduled_at, b.id";
    case booking_order::latest: return " ORDER BY b.scheduled_at DESC, b.id DESC";
  }
  return "";
}

std::string_view order_of(gig_order order) {
  switch (order) {
    case gig_order::newest: return " ORDER BY g.created_at DESC, g.id DESC";
    case gig_order::oldest: return " ORDER BY g.created_at, g.id";
    case gig_order::cheapest: return " ORDER BY g.price, g.id";
    case gig_order::dearest: return " ORDER BY g.price DESC, g.id DESC";
  }
  return "";
}

std::string_view order_of(review_order order) {
  switch (order) {
    case review_order::newest: return " ORDER BY r.created_at DESC, r.id DESC";
    case review_order::oldest: return " ORDER BY r.created_at, r.id";
    case review_order::worst: return " ORDER BY r.rating, r.created_at, r.id";
    case review_order::best: return " ORDER BY r.rating DESC, r.created_at DESC, r.id DESC";
  }
  return "";
}

// `table` as the query calls it, `key` its primary key.
list_sql assemble(std::string_view select, std::string_view table, std::string_view key, const std::string& where,
                  std::string_view order) {
  return {fmt::format("SELECT count(*) FROM {}{}", table, where), fmt::format("{}{}{} LIMIT ?", select, where, order),
          fmt::format("{0} WHERE {1} IN (SELECT {1} FROM {2}{3}{4} LIMIT ? OFFSET ?){4}", select, key, table, where, order)};
}

}  // namespace

list_sql list_bookings_sql(const booking_query& query) {
  std::string where = query.as == role::student ? " WHERE b.student_id = ?" : " WHERE b.teacher_id = ?";
  if (query.status) where += " AND b.status = ?";
  return assemble(select_bookings, "bookings b", "b.id", where, order_of(query.order));
}

list_sql list_gigs_sql(const gig_query& query, std::size_t words) {
  std::string where = " WHERE g.deleted_at IS NULL";
  if (query.subject) where += " AND g.subject = ?";
  if (query.teacher_id) where += " AND g.teacher_id = ?";
  for (std::size_t i = 0; i < words; ++i) {
    // A line feed between the parts: a word has none, so it cannot match across two of them.
    where += R"( AND g.title || char(10) || g.subject || char(10) || g.description LIKE ? ESCAPE '\')";
  }
  return assemble(select_gigs, "gigs g", "g.id", where, order_of(query.order));
}

list_sql list_reviews_sql(const review_query& query) {
  const auto where = query.of == review_subject::gig ? " WHERE r.gig_id = ?" : " WHERE r.teacher_id = ?";
  return assemble(select_reviews, "reviews r", "r.id", where, order_of(query.order));
}

list_sql list_manual_payments_sql(const manual_payment_query& query) {
  std::string where;
  if (query.student_id) where += " WHERE p.student_id = ?";
  if (query.status) where += where.empty() ? " WHERE p.status = ?" : " AND p.status = ?";
  return assemble(select_manual_payments, "manual_payments p", "p.id", where, " ORDER BY p.created_at DESC, p.id DESC");
}

list_sql list_gateway_payments_sql(const gateway_payment_query& query) {
  std::string where;
  if (query.student_id) where += " WHERE p.student_id = ?";
  if (query.status) where += where.empty() ? " WHERE p.status = ?" : " AND p.status = ?";
  return assemble(select_gateway_payments(), "gateway_payments p", "p.id", where, " ORDER BY p.created_at DESC, p.id DESC");
}

list_sql list_trail_sql() {
  return assemble("SELECT id, at, actor, action, subject_kind, subject_id, reason FROM trail", "trail", "number", "",
                  " ORDER BY number DESC");
}

std::vector<std::string> search_patterns(std::string_view search) {
  constexpr std::string_view blank = " \t\r\n";
  std::vector<std::string> patterns;
  while (patterns.size() < most_search_words) {
    const auto begin = search.find_first_not_of(blank);
    if (begin == std::string_view::npos) break;
    search.remove_prefix(begin);
    const auto word = search.substr(0, search.find_first_of(blank));
    search.remove_prefix(word.size());

    std::string pattern = "%";
    for (const char c : word) {
      if (c == '%' || c == '_' || c == '\\') pattern += '\\';
      pattern += c;
    }
    patterns.push_back(pattern + '%');
  }
  return patterns;
}

}  // namespace bookings::sqlite
