// The program's arguments: a command, and a flag for each configuration variable (--redis-url for REDIS_URL).
//
//   bookings-server [serve [--check-config]] [flags]
//   bookings-server worker [flags]
//   bookings-server seed [--size SIZE] [--students N] [--teachers N] [--gigs N] [--bookings N] [--random-seed N] [--json] [flags]
//   bookings-server copy [--from URL] [--to URL] [flags]
//   bookings-server cache stats [--watch] | keys OF | purge PREFIX [--user ID] [--yes]  [--json] [--server URL] [flags]
//   bookings-server doctor [--json] [flags]
//   bookings-server openapi | man | completions SHELL
//   bookings-server backup FILE [--force] [flags]
//   bookings-server restore FILE [flags]
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace bookings {

// What `cache` is asked for.
struct cache_question {
  enum class kind { stats, keys, purge };
  kind what = kind::stats;
  std::string of;          // keys: a prefix or a scope; purge: a prefix
  std::string user;        // purge: one user's alone; empty: all
  std::string server;      // its URL; empty: by HOST and PORT
  std::string token_file;  // of an admin's token, "-" for the standard input; empty: ADMIN_EMAIL and ADMIN_PASSWORD sign in
  bool is_direct = false;  // without a server: Redis and the store themselves
  bool is_watch = false;   // stats: again each second
  bool is_json = false;
  bool is_sure = false;    // purge: without asking
};

// What `seed` is asked for. Within the limits of seed.hpp, but what they come to together is not yet checked.
struct seed_wish {
  std::string size = "small";
  std::optional<int> students, teachers, gigs, bookings;  // absent: as many as the size has
  std::optional<std::uint64_t> random_seed;
};

struct command {
  enum class kind {
    serve,         // run the server
    check_config,  // load the configuration, say what is wrong with it, and end
    worker,        // run the jobs alone
    seed,          // put demo data into the store
    copy,          // copy all data of the store `from` into the store `to`
    doctor,        // look at everything that can be wrong, and tell
    backup,        // copy the store to `file`
    restore,       // put `file` in place of the store
    openapi,       // print the API's description
    completions,   // print `text`, a script for a shell, and end
    man,           // print `text`, the manual page, and end
    cache,         // ask a running server about its cache
    routes,        // print the routes; for the tests, which hold a table of refusals against it
    help,          // print `text` and end
    version,       // print `text` and end
    wrong_usage,   // print `text` to the standard error and end
  };
  kind what = kind::serve;
  std::map<std::string, std::string> flags;  // by the variable's name: {"REDIS_URL", "redis://…"}; not yet checked
  std::string file;       // of a backup: to be written, or to be restored
  std::string from, to;   // of a copy: URLs, perhaps with passwords; empty: STORE_URL
  bool leaves_jobs = false;  // of serve: workers do them
  bool is_demo = false;      // of serve: the dashboard may switch Redis off
  bool is_json = false;    // of a doctor or a seed: one JSON object rather than lines
  bool is_forced = false;  // a backup may replace a file that is there
  cache_question cache;
  seed_wish seed;
  std::string text;
  int status = 0;  // the exit status of help, version, completions, man and wrong_usage: 0 but for the last, 2
};

// Never prints, and never ends the program.
command parse_command_line(int argc, char** argv);

}  // namespace bookings
