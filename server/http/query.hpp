// Reads the query parameters of a request, for controllers; the twin of body_reader:
//
//   http::query_reader query(request);
//   auto status = query.optional_one_of("status", statuses);
//   auto page = query.page();
//   if (auto failed = query.failure()) co_return *failed;
//
// Unknown parameters are ignored. A wrong value is errc::invalid_field, and so is a known parameter that stands twice:
// answering for one of the two would be a guess. One thread; the request must outlive the reader.
#pragma once

#include "server/domain/id.hpp"
#include "server/domain/page.hpp"
#include "server/http/reply.hpp"
#include "server/http/request.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bookings::http {

inline constexpr std::int64_t largest_page_number = 1'000'000;

class query_reader {
 public:
  explicit query_reader(const request& from) : from_(from) {}

  // `page` (1 to 1,000,000; default 1) and `limit` (1 to 100; default 20).
  page_request page();

  std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most, std::int64_t otherwise);

  // One of some names. Returns the element of `names`, which lives as long as they do.
  std::optional<std::string_view> optional_one_of(std::string_view name, std::span<const std::string_view> names);
  std::string_view one_of(std::string_view name, std::span<const std::string_view> names, std::string_view otherwise) {
    return optional_one_of(name, names).value_or(otherwise);
  }

  // Text as in body_reader::text.
  std::optional<std::string> optional_text(std::string_view name, std::size_t least, std::size_t most);

  // 24 hex digits.
  std::optional<bookings::id> optional_id(std::string_view name);

  // Notes what a controller finds wrong itself. Only the first fault of a parameter is kept.
  void reject(std::string_view name, std::string_view message);

  // After the last getter. Absent where all is well; else the reply to give.
  std::optional<reply> failure() const;

 private:
  // The parameter's value; absent where it is not there, or stands twice (which is noted).
  std::optional<std::string_view> find(std::string_view name);

  const request& from_;
  std::vector<field_error> errors_;
};

}  // namespace bookings::http
