// bookings-server: load the configuration, build the app, run until a signal, drain.
#include "server/app.hpp"
#include "server/auth/passwords.hpp"
#include "server/caching/offline_writes.hpp"
#include "server/cache_command.hpp"
#include "server/command_line.hpp"
#include "server/config.hpp"
#include "server/copy_command.hpp"
#include "server/doctor_command.hpp"
#include "server/ops/logging.hpp"
#include "server/ops/openapi.hpp"
#include "server/ops/seed.hpp"
#include "server/ops/seed_sizes.hpp"
#include "server/progress_bar.hpp"
#include "server/service_manager.hpp"
#include "server/stores/sqlite/backup.hpp"

#include <fmt/format.h>
#include <sodium.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>

namespace {

using namespace bookings;

enum exit_status { done = 0, failed = 1, wrong_usage = 2 };

// SIGINT and SIGTERM end the program, SIGHUP reads LOG_LEVEL again. All other threads have them blocked.
void wait_for_end(const sigset_t& signals, const std::map<std::string, std::string>& flags) {
  for (;;) {
    int number = 0;
    sigwait(&signals, &number);
    if (number != SIGHUP) {
      spdlog::info("[Server] Received {}; draining", number == SIGINT ? "SIGINT" : "SIGTERM");
      return;
    }
    const auto again = load_config(process_environment(), ".env", flags);
    if (again.errors.empty() && ops::set_level(ops::to_text(again.value.log_level)))
      spdlog::info("[Server] Log level is {}", ops::to_text(again.value.log_level));
    else
      spdlog::warn("[Server] The configuration is not valid any more; the log level stays");
  }
}

// Creates the first admin; an account that is there stays as it is.
void ensure_admin(store& data, const config& settings, const secrets& secret) {
  if (!settings.admin_email || !secret.admin_password) return;
  if (data.find_user_by_email(*settings.admin_email)) return;
  const auto hash = auth::password_hasher().hash(*secret.admin_password);
  if (!hash) throw std::runtime_error("cannot hash ADMIN_PASSWORD: " + hash.error().message());
  const user admin{make_id(), *settings.admin_email, "Administrator", role::admin, *hash, now(), {}};
  const auto made = data.create_user(admin);
  // Another process may have been first.
  if (!made && made.error() != errc::email_taken) throw std::runtime_error("cannot create the admin: " + made.error().message());
  if (made) spdlog::info("[Server] Created the first admin");
}

int serve(const load_result& loaded, const std::map<std::string, std::string>& flags, duty does, demonstration is_demo) {
  if (does == duty::jobs && !loaded.value.sslcommerz_store_id) {
    std::fputs("bookings-server: there are no jobs without a payment gateway: set SSLCOMMERZ_STORE_ID\n", stderr);
    return wrong_usage;
  }
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread: they inherit it
  std::signal(SIGPIPE, SIG_IGN);

  ops::start_logging(loaded.value.log_level, loaded.value.log_format);
  for (const auto& warning : loaded.warnings) spdlog::warn("[Config] {}", warning);
  auto data = open_store(loaded.value, loaded.secret);
  ensure_admin(*data, loaded.value, loaded.secret);
  {
    app server(loaded.value, loaded.secret, std::move(data), does, is_demo);
    server.start();
    if (does == duty::jobs)
      spdlog::info("[Server] Working on jobs");
    else
      spdlog::info("[Server] Listening on http://{}:{}", loaded.value.host, server.port());
    ops::flush_logs();
    tell_service_manager("READY=1");
    wait_for_end(signals, flags);
    tell_service_manager("STOPPING=1");
    server.drain_and_stop();
  }
  spdlog::info("[Server] Stopped");
  ops::stop_logging();
  return done;
}

volatile std::sig_atomic_t interrupted = 0;

// For what is ended between two steps, so that no half of it is left.
void heed_interruptions() {
  for (const int number : {SIGINT, SIGTERM}) std::signal(number, [](int) { interrupted = 1; });
}

bool show_progress(std::string_view what, int part, int whole) {
  const int percent = whole > 0 ? static_cast<int>(std::int64_t{part} * 100 / whole) : 100;
  if (!show_bar("Seeding " + std::string(what), percent) && part == whole)
    std::fprintf(stderr, "Seeded %d %.*s\n", whole, static_cast<int>(what.size()), what.data());
  return interrupted == 0;
}

// The numbers that were asked for, or those of the size.
seed_options numbers_of(const seed_wish& wanted) {
  seed_options options;
  const auto& size = *std::ranges::find(seed_sizes(), wanted.size, &seed_size::name);
  options.students = wanted.students.value_or(size.students);
  options.teachers = wanted.teachers.value_or(size.teachers);
  options.gigs = wanted.gigs.value_or(size.gigs);
  options.bookings = wanted.bookings.value_or(size.bookings);
  options.random_seed = wanted.random_seed.value_or(options.random_seed);
  options.prefixes = caching::cached_prefixes();
  return options;
}

void print_seeded(const seed_summary& made, bool is_json) {
  if (is_json)
    fmt::print("{{\"seeded\":{},\"interrupted\":{},\"users\":{},\"gigs\":{},\"bookings\":{},\"reviews\":{},\"payments\":{}}}\n",
               made.seeded, made.interrupted, made.users, made.gigs, made.bookings, made.reviews, made.payments);
  else if (made.seeded)
    std::printf("Seeded %d users, %d gigs, %d bookings, %d reviews and %d manual payments.\n", made.users, made.gigs,
                made.bookings, made.reviews, made.payments);
  else
    std::puts("There is data already: nothing was seeded.");
}

int seed(const config& settings, const secrets& secret, const command& wanted) {
  auto options = numbers_of(wanted.seed);
  if (const auto why = check_seed(options); !why.empty()) {
    std::fprintf(stderr, "bookings-server: seed: %s\n", why.c_str());
    return wrong_usage;
  }
  heed_interruptions();
  const auto data = open_store(settings, secret);
  const auto hash = auth::password_hasher().hash(demo_password);
  if (!hash) throw std::runtime_error("cannot hash the demo password: " + hash.error().message());
  const auto nobodys = auth::password_hasher().hash(make_id() + make_id());
  if (!nobodys) throw std::runtime_error("cannot hash a password: " + nobodys.error().message());
  options.password_hash = *hash;
  options.office_hash = *nobodys;
  const auto made = seed_demo(*data, show_progress, options);
  end_bar();
  if (!made) throw std::runtime_error("cannot seed " + settings.store_url + ": " + made.error().message());
  // Also where it was interrupted: what was written is there to be seen.
  if (made->seeded && !caching::wait_until_filled(*data))
    throw std::runtime_error("the data is there, but not every running server has taken notice of it yet");
  print_seeded(*made, wanted.is_json);
  if (!made->interrupted) return done;
  std::fputs("bookings-server: seed: interrupted. What was written is whole, and stays; to have all of it, begin with an empty store.\n", stderr);
  return failed;
}

// What both ways of copying a file have in common.
sqlite::backup_options file_options(std::string from, std::string to, const char* doing) {
  heed_interruptions();
  return {std::move(from), std::move(to), sqlite::overwrite::no, [doing](int percent) {
            if (show_bar(doing, percent) && percent == 100) end_bar();
            return interrupted == 0;
          }};
}

void need_a_file(const config& settings) {
  if (settings.sqlite_file.empty())
    throw std::runtime_error("STORE_URL names " + settings.store_url +
                             ", and only a store in a file is copied here: use mongodump and mongorestore");
}

int backup(const config& settings, const command& wanted) {
  need_a_file(settings);
  auto options = file_options(settings.sqlite_file.string(), wanted.file, "Backing up");
  if (wanted.is_forced) options.existing = sqlite::overwrite::yes;
  const auto bytes = sqlite::back_up(options);
  std::printf("Backed up %s to %s: %ju bytes, checked.\n", options.from.c_str(), options.to.c_str(), bytes);
  return done;
}

int restore(const config& settings, const command& wanted) {
  need_a_file(settings);
  const auto options = file_options(wanted.file, settings.sqlite_file.string(), "Restoring");
  const auto aside = sqlite::restore(options);
  if (aside) std::printf("What was there is kept as %s.\n", aside->c_str());
  std::printf("Restored %s from %s.\n", options.to.c_str(), options.from.c_str());
  return done;
}

// Routes come with all that they use. So a whole server is made, of which nothing is started, over a store of its own.
int print_routes(config settings, secrets secret) {
  spdlog::set_level(spdlog::level::off);
  secret.mongodb_url.reset();
  const auto folder = std::filesystem::temp_directory_path() / ("bookings-routes-" + make_id());
  settings.sqlite_file = folder / "bookings.db";
  settings.host = "127.0.0.1";
  settings.port = 0;
  settings.redis.reset();
  for (const auto& line : app(settings, secret, open_store(settings, {})).routes()) std::puts(line.c_str());
  std::filesystem::remove_all(folder);
  return done;
}

int run(const command& wanted) {
  using kind = command::kind;
  if (wanted.what == kind::help || wanted.what == kind::version || wanted.what == kind::wrong_usage ||
      wanted.what == kind::completions || wanted.what == kind::man) {
    std::fputs(wanted.text.c_str(), wanted.what == kind::wrong_usage ? stderr : stdout);
    return wanted.status;
  }
  if (wanted.what == kind::openapi) {
    std::fputs(std::string(ops::openapi_document()).append("\n").c_str(), stdout);
    return done;
  }
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised: no source of randomness");
  if (wanted.what == kind::copy) {
    heed_interruptions();
    return run_copy(wanted, interrupted);
  }
  if (wanted.what == kind::doctor) return run_doctor(wanted);
  const auto loaded = load_config(process_environment(), ".env", wanted.flags);
  for (const auto& error : loaded.errors) std::fprintf(stderr, "bookings-server: %s\n", error.c_str());
  if (!loaded.errors.empty()) return wrong_usage;
  if (wanted.what == kind::check_config) {
    for (const auto& warning : loaded.warnings) std::fprintf(stderr, "bookings-server: warning: %s\n", warning.c_str());
    std::puts("The configuration is valid.");
    return done;
  }
  if (wanted.what == kind::cache || wanted.what == kind::seed) {
    spdlog::set_default_logger(spdlog::stderr_color_mt("bookings-server"));  // the standard output is for what was asked
    return wanted.what == kind::cache ? run_cache(wanted.cache, loaded.value, loaded.secret)
                                      : seed(loaded.value, loaded.secret, wanted);
  }
  if (wanted.what == kind::backup) return backup(loaded.value, wanted);
  if (wanted.what == kind::restore) return restore(loaded.value, wanted);
  if (wanted.what == kind::routes) return print_routes(loaded.value, loaded.secret);
  if (wanted.what == kind::worker) return serve(loaded, wanted.flags, duty::jobs, demonstration::no);
  return serve(loaded, wanted.flags, wanted.leaves_jobs ? duty::requests : duty::both,
               wanted.is_demo ? demonstration::yes : demonstration::no);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse_command_line(argc, argv));
  } catch (const std::exception& error) {
    spdlog::shutdown();
    std::fprintf(stderr, "bookings-server: %s\n", error.what());
    return failed;
  }
}
