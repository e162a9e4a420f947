#include "server/stores/mongo/document.hpp"

#include "server/stores/mongo/names.hpp"

#include <cmath>

namespace bookings::mongo {
namespace {

bool holds_number(const bson_iter_t& at) {
  return BSON_ITER_HOLDS_INT32(&at) || BSON_ITER_HOLDS_INT64(&at) || BSON_ITER_HOLDS_DOUBLE(&at) ||
         BSON_ITER_HOLDS_DECIMAL128(&at);
}

double to_double(const bson_iter_t& at) {
  if (!BSON_ITER_HOLDS_DECIMAL128(&at)) return bson_iter_as_double(&at);
  bson_decimal128_t decimal;
  if (!bson_iter_decimal128(&at, &decimal)) return std::nan("");
  char text[BSON_DECIMAL128_STRING];
  bson_decimal128_to_string(&decimal, text);
  return std::strtod(text, nullptr);
}

std::optional<std::int64_t> to_whole(const bson_iter_t& at) {
  if (!holds_number(at)) return {};
  if (BSON_ITER_HOLDS_INT32(&at) || BSON_ITER_HOLDS_INT64(&at)) return bson_iter_as_int64(&at);
  constexpr double most = 9007199254740992.0;  // 2^53: beyond it a double skips whole numbers
  const double value = to_double(at);
  if (std::isnan(value) || std::abs(value) > most || value != std::floor(value)) return {};
  return static_cast<std::int64_t>(value);
}

std::optional<std::string> to_reference(const bson_iter_t& at) {
  if (BSON_ITER_HOLDS_OID(&at)) {
    char hex[25];
    bson_oid_to_string(bson_iter_oid(&at), hex);
    return hex;
  }
  if (!BSON_ITER_HOLDS_UTF8(&at)) return {};
  std::uint32_t length = 0;
  const char* text = bson_iter_utf8(&at, &length);
  return std::string(text, length);
}

std::optional<document> to_document(const bson_iter_t& at) {
  if (!BSON_ITER_HOLDS_DOCUMENT(&at)) return {};
  const std::uint8_t* bytes = nullptr;
  std::uint32_t length = 0;
  bson_iter_document(&at, &length, &bytes);
  bson_t inner;
  if (!bson_init_static(&inner, bytes, length)) return {};
  return document(&inner);
}

std::string_view type_of(const bson_iter_t& at) {
  switch (bson_iter_type(&at)) {
    case BSON_TYPE_DOUBLE: return "a double";
    case BSON_TYPE_UTF8: return "a text";
    case BSON_TYPE_DOCUMENT: return "a document";
    case BSON_TYPE_ARRAY: return "an array";
    case BSON_TYPE_OID: return "an ObjectId";
    case BSON_TYPE_BOOL: return "a boolean";
    case BSON_TYPE_DATE_TIME: return "a date";
    case BSON_TYPE_NULL: return "null";
    case BSON_TYPE_INT32:
    case BSON_TYPE_INT64: return "an integer";
    case BSON_TYPE_DECIMAL128: return "a decimal";
    default: return "of an unexpected type";
  }
}

}  // namespace

document::document(document&& other) noexcept : from_(other.from_) {
  bson_init(&bson_);
  bson_steal(&bson_, &other.bson_);
  bson_init(&other.bson_);
}

document& document::operator=(document other) noexcept {
  bson_destroy(&bson_);
  bson_steal(&bson_, &other.bson_);
  bson_init(&other.bson_);
  from_ = other.from_;
  return *this;
}

bson_t* document::renewed() {
  bson_destroy(&bson_);
  bson_init(&bson_);
  return &bson_;
}

void document::add(std::string_view name, std::string_view value) {
  bson_append_utf8(&bson_, name.data(), static_cast<int>(name.size()), value.data() ? value.data() : "",
                   static_cast<int>(value.size()));
}

void document::add(std::string_view name, ref value) {
  if (!is_valid_id(value.text)) return add(name, value.text);
  bson_oid_t oid;
  bson_oid_init_from_string(&oid, std::string(value.text).c_str());
  bson_append_oid(&bson_, name.data(), static_cast<int>(name.size()), &oid);
}

void document::add(std::string_view name, bool value) {
  bson_append_bool(&bson_, name.data(), static_cast<int>(name.size()), value);
}

void document::add(std::string_view name, time_point value) {
  bson_append_date_time(&bson_, name.data(), static_cast<int>(name.size()), value.time_since_epoch().count());
}

void document::add(std::string_view name, money value) {
  bson_append_double(&bson_, name.data(), static_cast<int>(name.size()), to_number(value));
}

void document::add(std::string_view name, const document& value) {
  bson_append_document(&bson_, name.data(), static_cast<int>(name.size()), &value.bson_);
}

void document::add(std::string_view name, std::nullptr_t) {
  bson_append_null(&bson_, name.data(), static_cast<int>(name.size()));
}

void document::add_all(const document& other) { bson_concat(&bson_, &other.bson_); }

void document::add_value(std::string_view name, const bson_iter_t& at) {
  bson_append_iter(&bson_, name.data(), static_cast<int>(name.size()), &at);
}

document document::id_only() const {
  document id;
  bson_iter_t at;
  if (!bson_iter_init_find(&at, &bson_, "_id")) throw bad_document("a document has no _id");
  bson_append_iter(&id.bson_, "_id", -1, &at);
  return id;
}

std::optional<bson_iter_t> document::find(const char* name) const {
  bson_iter_t at;
  if (!bson_iter_init_find(&at, &bson_, name) || BSON_ITER_HOLDS_NULL(&at) || BSON_ITER_HOLDS_UNDEFINED(&at)) return {};
  return at;
}

bson_iter_t document::expect(const char* name) const {
  const auto at = find(name);
  if (!at) refuse(name, "is missing");
  return *at;
}

void document::refuse(const char* name, std::string_view why) const {
  std::string which = "without _id";
  bson_iter_t at;
  if (bson_iter_init_find(&at, &bson_, "_id")) {
    if (auto id = to_reference(at)) which = *id;
    else if (const auto whole = to_whole(at)) which = std::to_string(*whole);
  }
  const std::string where = from_ == nullptr ? "" : " of \"" + from_->collection() + "\"";
  const std::string member(from_ == nullptr ? name : from_->stored(name));
  throw bad_document("the document " + which + where + ": \"" + member + "\" " + std::string(why));
}

bool document::has(const char* name) const { return find(name).has_value(); }

bool document::flag(const char* name) const {
  const auto at = expect(name);
  if (!BSON_ITER_HOLDS_BOOL(&at)) refuse(name, "is " + std::string(type_of(at)) + " and no boolean");
  return bson_iter_bool(&at);
}

std::string document::text(const char* name) const {
  const auto at = expect(name);
  if (!BSON_ITER_HOLDS_UTF8(&at)) refuse(name, "is " + std::string(type_of(at)) + " and no text");
  std::uint32_t length = 0;
  const char* found = bson_iter_utf8(&at, &length);
  return {found, length};
}

std::optional<std::string> document::optional_text(const char* name) const {
  if (!has(name)) return {};
  return text(name);
}

std::int64_t document::number(const char* name) const {
  const auto at = expect(name);
  const auto whole = to_whole(at);
  if (!whole) refuse(name, "is " + std::string(type_of(at)) + " and no whole number");
  return *whole;
}

std::int64_t document::number_or(const char* name, std::int64_t otherwise) const {
  return has(name) ? number(name) : otherwise;
}

money document::amount(const char* name) const {
  const auto at = expect(name);
  if (!holds_number(at)) refuse(name, "is " + std::string(type_of(at)) + " and no amount of money");
  // What a program has computed in floating point (a third of 1000) means the nearest hundredth. A lesson may cost more
  // than a client may ask for an hour, so parse_money's limit is not the one; up to this, hundredths are exact.
  constexpr double largest = 1e13;
  const auto value = to_double(at);
  if (!(value >= 0 && value <= largest)) refuse(name, "is no amount of money: a number from 0 to 1e13");
  return {std::llround(value * 100)};
}

time_point document::time(const char* name) const {
  const auto at = expect(name);
  if (!BSON_ITER_HOLDS_DATE_TIME(&at)) refuse(name, "is " + std::string(type_of(at)) + " and no date");
  return time_point{std::chrono::milliseconds{bson_iter_date_time(&at)}};
}

bookings::id document::reference(const char* name) const {
  const auto at = expect(name);
  const auto found = to_reference(at);
  if (!found) refuse(name, "is " + std::string(type_of(at)) + " and no reference");
  return *found;
}

document document::child(const char* name) const {
  const auto at = expect(name);
  if (!BSON_ITER_HOLDS_DOCUMENT(&at)) refuse(name, "is " + std::string(type_of(at)) + " and no document");
  auto inner = to_document(at);
  if (!inner) refuse(name, "is broken");
  return std::move(*inner);
}

// Calls `act(iterator)` for each element of an array; absent: for none. `why` refuses what is no array.
template <class Act>
void document::for_each(const char* name, std::string_view why, Act act) const {
  const auto array = find(name);
  if (!array) return;
  bson_iter_t each;
  if (!BSON_ITER_HOLDS_ARRAY(&*array) || !bson_iter_recurse(&*array, &each)) refuse(name, why);
  while (bson_iter_next(&each)) act(each);
}

std::vector<document> document::children(const char* name) const {
  std::vector<document> all;
  constexpr std::string_view why = "is no array of documents";
  for_each(name, why, [&](const bson_iter_t& each) {
    auto inner = to_document(each);
    if (!inner) refuse(name, why);
    all.push_back(std::move(*inner));
  });
  return all;
}

std::vector<std::string> document::texts(const char* name) const {
  std::vector<std::string> all;
  for_each(name, "is no array", [&](const bson_iter_t& each) {
    auto one = to_reference(each);
    if (!one) refuse(name, "has an element that is no text");
    all.push_back(std::move(*one));
  });
  return all;
}

std::vector<bookings::id> document::ids(const char* name) const {
  std::vector<bookings::id> all;
  for_each(name, "is no array", [&](const bson_iter_t& each) {
    auto one = to_reference(each);
    if (one && is_valid_id(*one)) all.push_back(std::move(*one));
  });
  return all;
}

std::vector<std::int64_t> document::numbers(const char* name) const {
  std::vector<std::int64_t> all;
  for_each(name, "is no array", [&](const bson_iter_t& each) {
    const auto one = to_whole(each);
    if (!one) refuse(name, "has an element that is no whole number");
    all.push_back(*one);
  });
  return all;
}

std::vector<ref> refs(const std::vector<bookings::id>& ids) {
  std::vector<ref> all;
  for (const auto& each : ids) all.emplace_back(each);
  return all;
}

}  // namespace bookings::mongo
