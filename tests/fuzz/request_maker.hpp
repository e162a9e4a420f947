// Makes up what a client might send on one connection: requests of the right form with odd parts, joined, cut and spliced,
// and then bytes changed at random. Everything follows from a seed and a case's number, so that any case can be made
// again.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace bookings::fuzz {

// What is really there: without it, nothing that is made up would get past the first checks.
struct scene {
  std::string student_token, teacher_token;
  std::string student_id, teacher_id, gig_id, booking_id;
};

class request_maker {
 public:
  request_maker(const scene& known, std::uint64_t seed, std::uint64_t number);

  // The bytes of one connection.
  std::string make();
  // Where to cut them into pieces that are sent one by one; sorted.
  std::vector<std::size_t> cuts(std::size_t size);

 private:
  std::size_t below(std::size_t end) { return end == 0 ? 0 : random_() % end; }
  bool once_in(std::size_t n) { return below(n) == 0; }
  template <std::size_t N>
  std::string_view one_of(const std::string_view (&list)[N]) {
    return list[below(N)];
  }

  std::string nearly_good_request();
  std::string request();
  std::string target(std::string_view& method);
  std::string parameters();
  std::string headers();
  std::string body(std::string_view path);
  std::string noise(std::size_t most);
  void mutate(std::string& bytes);

  const scene& known_;
  std::mt19937_64 random_;
};

}  // namespace bookings::fuzz
