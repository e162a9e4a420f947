// A BSON document: built from names and values, and read by name with errors that say what is wrong with it.
//
//   const auto filter = make("student", ref(user_id), "status", "accepted");
//   const auto at = found.time("scheduledAt");
//
// Documents may come from other programs (an Express app with Mongoose), so nothing is taken for granted when one is
// read: a member that is missing or of another type throws bad_document. Numbers are read from each type that a number
// may have, references from an ObjectId or its 24 digits.
#pragma once

#include "server/domain/id.hpp"
#include "server/domain/money.hpp"
#include "server/domain/time.hpp"

#include <bson/bson.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bookings::mongo {

class collection_names;

// A document of the database that is not what this program reads: says of which collection, which one, and what is wrong
// with which of its members, by the names that the database has for them.
class bad_document : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// An id as the database holds it: an ObjectId, or text where it is not of 24 digits (which then is no document's).
struct ref {
  explicit ref(const bookings::id& value) : text(value) {}
  std::string_view text;
};

// Owns its bytes. Not thread-safe.
class document {
 public:
  document() { bson_init(&bson_); }
  explicit document(const bson_t* copied) { bson_copy_to(copied, &bson_); }
  document(const document& other) : document(&other.bson_) { from_ = other.from_; }
  document(document&& other) noexcept;
  document& operator=(document other) noexcept;
  ~document() { bson_destroy(&bson_); }

  const bson_t* get() const noexcept { return &bson_; }
  // For libmongoc to fill: whatever was there is gone.
  bson_t* renewed();

  // Appends. Times are dates, money is a number of whole units, an empty optional is null.
  void add(std::string_view name, std::string_view value);
  void add(std::string_view name, const std::string& value) { add(name, std::string_view(value)); }
  void add(std::string_view name, const char* value) { add(name, std::string_view(value)); }
  void add(std::string_view name, ref value);
  void add(std::string_view name, bool value);
  void add(std::string_view name, time_point value);
  void add(std::string_view name, money value);
  void add(std::string_view name, const document& value);
  void add(std::string_view name, std::nullptr_t);
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  void add(std::string_view name, Number value) {
    bson_append_int64(&bson_, name.data(), static_cast<int>(name.size()), static_cast<std::int64_t>(value));
  }
  template <class Value>
  void add(std::string_view name, const std::optional<Value>& value) {
    value ? add(name, *value) : add(name, nullptr);
  }
  // As an array; of documents, texts, refs or numbers.
  template <class Value>
  void add(std::string_view name, const std::vector<Value>& values);
  // All members of another one.
  void add_all(const document& other);
  // A value as it stands in another document.
  void add_value(std::string_view name, const bson_iter_t& at);

  // {"_id": …} alone, of whatever type.
  document id_only() const;

  bool is_empty() const noexcept { return bson_empty(&bson_); }
  bool has(const char* name) const;  // and not null
  bool flag(const char* name) const;
  std::string text(const char* name) const;
  std::optional<std::string> optional_text(const char* name) const;  // absent, null
  std::int64_t number(const char* name) const;                       // a whole number
  std::int64_t number_or(const char* name, std::int64_t otherwise) const;
  money amount(const char* name) const;
  time_point time(const char* name) const;
  bookings::id reference(const char* name) const;
  document child(const char* name) const;
  std::vector<document> children(const char* name) const;      // of an array of documents; absent: none
  std::vector<std::string> texts(const char* name) const;      // of an array of texts or ObjectIds; absent: none
  std::vector<bookings::id> ids(const char* name) const;       // of an array: those of its elements that are ids
  std::vector<std::int64_t> numbers(const char* name) const;   // of an array of numbers; absent: none

  // Where it was read, for the text of bad_document. `names` must outlive it and its copies.
  void is_from(const collection_names& names) noexcept { from_ = &names; }
  // Throws bad_document: this member `why` ("is missing").
  [[noreturn]] void refuse(const char* name, std::string_view why) const;

 private:
  std::optional<bson_iter_t> find(const char* name) const;
  bson_iter_t expect(const char* name) const;
  template <class Act>
  void for_each(const char* name, std::string_view why, Act act) const;

  bson_t bson_;
  const collection_names* from_ = nullptr;  // null where it was made, or is a part of another one
};

namespace detail {
inline void add_pairs(document&) {}
template <class Value, class... Rest>
void add_pairs(document& to, std::string_view name, const Value& value, const Rest&... rest) {
  to.add(name, value);
  add_pairs(to, rest...);
}
}  // namespace detail

// make("name", value, "name", value, …)
template <class... Pairs>
document make(const Pairs&... pairs) {
  document made;
  detail::add_pairs(made, pairs...);
  return made;
}

template <class Value>
void document::add(std::string_view name, const std::vector<Value>& values) {
  document elements;
  std::size_t index = 0;
  for (const auto& each : values) elements.add(std::to_string(index++), each);
  bson_append_array(&bson_, name.data(), static_cast<int>(name.size()), &elements.bson_);
}

std::vector<ref> refs(const std::vector<bookings::id>& ids);

}  // namespace bookings::mongo
