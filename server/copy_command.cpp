#include "server/copy_command.hpp"

#include "server/app.hpp"
#include "server/config.hpp"
#include "server/progress_bar.hpp"
#include "server/stores/copy.hpp"

#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <tuple>

namespace bookings {
namespace {

constexpr int done = 0, wrong_usage = 2;

// The configuration with this store in it. The URL is taken and refused as STORE_URL is; what is said of it names the
// flag that it was given by.
load_result load_with(const command& wanted, const char* flag, const std::string& url) {
  auto flags = wanted.flags;
  if (!url.empty()) flags["STORE_URL"] = url;
  auto loaded = load_config(process_environment(), ".env", flags);
  constexpr std::string_view of_the_store = "--store-url (STORE_URL)";
  for (auto& error : loaded.errors) {
    if (!url.empty() && error.starts_with(of_the_store)) error.replace(0, of_the_store.size(), flag);
    std::fprintf(stderr, "bookings-server: %s\n", error.c_str());
  }
  return loaded;
}

// Which store this is, without its secrets; the same from whatever directory.
std::string name_of(const config& settings) {
  if (settings.sqlite_file.empty()) return settings.store_url;
  return "sqlite:" + std::filesystem::weakly_canonical(std::filesystem::absolute(settings.sqlite_file)).string();
}

class shown_progress {
 public:
  explicit shown_progress(const volatile std::sig_atomic_t& interrupted) : interrupted_(interrupted) {}

  bool operator()(const copy_progress& now) {
    const int percent = now.whole > 0 ? static_cast<int>(now.part * 100 / now.whole) : 100;
    const std::string doing = now.doing == copy_progress::step::copying ? "Copying " : "Checking ";
    const std::tuple tenth{now.doing, now.kind, percent / 10};
    if (!show_bar(doing + std::string(to_text(now.kind)), percent) && tenth != last_ && now.whole > 0)
      std::fprintf(stderr, "%s%s: %jd of %jd, %d %%\n", doing.c_str(), to_text(now.kind).data(), static_cast<std::intmax_t>(now.part),
                   static_cast<std::intmax_t>(now.whole), percent);
    last_ = tenth;
    return interrupted_ == 0;
  }

 private:
  const volatile std::sig_atomic_t& interrupted_;
  std::tuple<copy_progress::step, record_kind, int> last_{copy_progress::step::copying, record_kind::users, -1};
};

}  // namespace

int run_copy(const command& wanted, const volatile std::sig_atomic_t& interrupted) {
  if (wanted.from.empty() && wanted.to.empty()) {
    std::fputs("bookings-server: copy needs --from, --to or both; STORE_URL stands for the one that is left out\n", stderr);
    return wrong_usage;
  }
  const auto from = load_with(wanted, "--from", wanted.from);
  if (!from.errors.empty()) return wrong_usage;
  const auto to = load_with(wanted, "--to", wanted.to);
  if (!to.errors.empty()) return wrong_usage;
  const auto source_name = name_of(from.value), target_name = name_of(to.value);
  if (source_name == target_name) {
    std::fprintf(stderr, "bookings-server: copy: --from and --to are the same store, %s\n", source_name.c_str());
    return wrong_usage;
  }

  const auto source = open_bulk_source(from.value, from.secret);
  const auto target = open_bulk_target(to.value, to.secret, source_name);
  copy_options options;
  options.progress = shown_progress(interrupted);
  std::vector<copied_kind> copied;
  try {
    copied = copy_store(*source, *target, options);
  } catch (const std::exception& error) {
    end_bar();
    throw std::runtime_error(source_name + " was not copied to " + target_name + ": " + error.what());
  }
  end_bar();
  std::printf("Copied %s to %s. Counted, and each row read again from both: they are the same.\n", source_name.c_str(),
              target_name.c_str());
  for (const auto& each : copied)
    std::printf("  %-16s %10jd, written by this run: %jd\n", to_text(each.kind).data(), static_cast<std::intmax_t>(each.rows),
                static_cast<std::intmax_t>(each.written));
  return done;
}

}  // namespace bookings
