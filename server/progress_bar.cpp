#include "server/progress_bar.hpp"

#include <unistd.h>

#include <cstdio>
#include <utility>

namespace bookings {
namespace {

bool is_terminal() {
  static const bool known = isatty(STDERR_FILENO) == 1;
  return known;
}

}  // namespace

bool show_bar(const std::string& what, int percent) {
  static std::pair<std::string, int> last{"", -1};
  if (is_terminal() && last != std::pair(what, percent))
    std::fprintf(stderr, "\r%-24s [%-25s] %3d %%", what.c_str(), std::string(static_cast<std::size_t>(percent / 4), '#').c_str(),
                 percent);
  last = {what, percent};
  return is_terminal();
}

void end_bar() {
  if (is_terminal()) std::fputc('\n', stderr);
}

}  // namespace bookings
