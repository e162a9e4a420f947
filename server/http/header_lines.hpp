// The headers of a reply, as they go out: one piece of text, "Name: value\r\n" each, so that a reply costs one allocation for
// all of them. Whatever could end a line early is refused where it is set.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bookings::http {

// May it stand in a header? A tab may; every other control character, CR and LF first of all, may not.
bool is_header_text(std::string_view text) noexcept;

class header_lines {
 public:
  // Adds a line. Leaves it out where the name or the value is no header text.
  void set(std::string_view name, std::string_view value);
  // Adds to the list of the line with this name, or makes it.
  void add_to_list(std::string_view name, std::string_view value);
  // The value of the first line with this name, in any case; empty where there is none. Valid until the next change.
  std::string_view find(std::string_view name) const noexcept;

  bool empty() const noexcept { return text_.empty(); }
  std::size_t size() const noexcept;
  // All lines, each with its line break.
  const std::string& text() const noexcept { return text_; }
  // Calls f(name, value) for each line.
  template <class F>
  void each(F f) const {
    for (std::string_view rest = text_; !rest.empty();) {
      const auto line = rest.substr(0, rest.find("\r\n"));
      rest.remove_prefix(line.size() + 2);
      const auto colon = line.find(':');
      f(line.substr(0, colon), line.substr(colon + 2));
    }
  }

 private:
  std::string text_;
};

}  // namespace bookings::http
