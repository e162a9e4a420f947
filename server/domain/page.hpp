// A page of a list: the rows, and how many there are in all.
#pragma once

#include <cstdint>
#include <vector>

namespace bookings {

inline constexpr int default_page_limit = 20;
inline constexpr int largest_page_limit = 100;

struct page_request {
  int number = 1;  // from 1
  int limit = default_page_limit;
};

template <class T>
struct page {
  std::vector<T> rows;
  std::int64_t total = 0;
};

}  // namespace bookings
