#include "server/command_line.hpp"

#include "server/config_table.hpp"

#include <CLI/CLI.hpp>

#include <sstream>
#include <utility>
#include <vector>

#ifndef REPRISE_VERSION
#define REPRISE_VERSION "unknown"
#endif

namespace bookings {
namespace {

constexpr int exit_wrong_usage = 2;

// One flag for each row of the configuration table. A value is taken as it is: config.cpp checks all sources alike.
void add_flags(CLI::App& app, std::map<std::string, std::string>& flags) {
  for (const auto& row : config_table()) {
    auto help = row.name + ": " + row.meaning;
    if (!row.preset.empty()) help += " [" + row.preset + "]";
    auto take = [&flags, name = row.name](const std::string& value) { flags[name] = value; };
    app.add_option_function<std::string>(flag_of(row.name), take, help)->type_name("")->group(row.group);
  }
}

struct parser {
  CLI::App app{"A tutoring marketplace's server that never shows a list older than the last write.", "bookings-server"};
  CLI::App* serve = nullptr;
  CLI::App* worker = nullptr;
  CLI::App* seed = nullptr;
  CLI::App* copy = nullptr;
  CLI::App* doctor = nullptr;
  CLI::App* backup = nullptr;
  CLI::App* restore = nullptr;
  CLI::App* openapi = nullptr;
  CLI::App* routes = nullptr;
  CLI::App* cache = nullptr;
  cache_question question;
  bool is_check = false, is_forced = false, leaves_jobs = false, is_demo = false, is_json = false;
  std::string file, from, to;
  std::map<std::string, std::string> flags;

  parser() {
    app.set_version_flag("--version", "bookings-server " REPRISE_VERSION, "Print the version and exit");
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.require_subcommand(0, 1);
    app.footer(
        "Each flag is a variable of the environment too, and of the file .env; a flag wins over the environment, and\n"
        "the environment over .env. Other users of this machine can read flags: secrets belong into the environment\n"
        "or .env.\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage or configuration.");
    serve = app.add_subcommand("serve", "Run the server; this is what happens without a command")->fallthrough();
    serve->add_flag("--check-config", is_check, "Check the configuration and exit: 0 where it is good, else 2");
    serve->add_flag("--without-jobs", leaves_jobs, "Leave the jobs to others, which run the command worker");
    serve->add_flag("--demo", is_demo, "For a demonstration: admins may switch Redis off, and play the demo accounts");
    worker = app.add_subcommand("worker", "Run the jobs alone: sessions at the payment gateway, settlements, refunds")->fallthrough();
    seed = app.add_subcommand("seed", "Put demo data into the store")->fallthrough();
    copy = app.add_subcommand("copy", "Copy all data from one store into an empty one, of whatever kind; no server may use them");
    copy->fallthrough();
    copy->add_option("--from", from, "The store to read [STORE_URL]")->type_name("URL");
    copy->add_option("--to", to, "The store to fill [STORE_URL]; run it again where it was interrupted")->type_name("URL");
    doctor = app.add_subcommand("doctor", "Look at everything that can be wrong between this program, Redis and the store");
    doctor->fallthrough();
    doctor->add_flag("--json", is_json, "Print one JSON object");
    doctor->footer("Exit status: 0 nothing bad, 1 something is bad, 2 wrong usage or configuration. Changes nothing.");
    backup = app.add_subcommand("backup", "Copy the store to a file, also while servers use it")->fallthrough();
    backup->add_option("FILE", file, "The file to write; it is whole and checked when it gets this name")->required();
    backup->add_flag("--force", is_forced, "Replace the file if it is there");
    restore = app.add_subcommand("restore", "Put a backup in place of the store, which no server may use");
    restore->fallthrough();
    restore->add_option("FILE", file, "The backup; it stays as it is")->required();
    openapi = app.add_subcommand("openapi", "Print the description of the HTTP interface (OpenAPI 3.1), as at /openapi.json");
    add_cache();
    routes = app.add_subcommand("routes", "Print the routes: method, pattern, who may call it")->fallthrough();
    routes->group("");  // for our tests: not in the help
    add_flags(app, flags);
  }

  void add_cache() {
    cache = app.add_subcommand("cache", "Ask a running server about its cache, or purge it, as an admin");
    cache->fallthrough()->require_subcommand(1);
    cache->add_option("--server", question.server, "The server [http://HOST:PORT]")->type_name("URL");
    cache->add_option("--token-file", question.token_file, "A file with an admin's token, - for the standard input "
                      "[sign in with ADMIN_EMAIL and ADMIN_PASSWORD]")->type_name("FILE");
    cache->add_flag("--json", question.is_json, "JSON, one value a line");
    auto* stats = cache->add_subcommand("stats", "Hits, misses, fills and invalidations of each prefix")->fallthrough();
    stats->add_flag("--watch", question.is_watch, "Again each second, until Ctrl-C");
    stats->callback([this] { question.what = cache_question::kind::stats; });
    auto* keys = cache->add_subcommand("keys", "The keys of a prefix (bookings) or of one scope (bookings:user:ID)")->fallthrough();
    keys->add_option("OF", question.of, "The prefix or scope")->required();
    keys->callback([this] { question.what = cache_question::kind::keys; });
    auto* purge = cache->add_subcommand("purge", "Drop all entries of a prefix, on every node; asks first")->fallthrough();
    purge->add_option("PREFIX", question.of, "The prefix")->required();
    purge->add_option("--user", question.user, "Only the entries of this user")->type_name("ID");
    purge->add_flag("--yes", question.is_sure, "Do not ask");
    purge->callback([this] { question.what = cache_question::kind::purge; });
  }
};

// CLI11 takes the arguments last first. It also takes "--port=" for a flag without a value, but "--port" with an empty
// argument behind it for one with an empty value: which counts as none, as everywhere.
std::vector<std::string> in_cli11s_order(int argc, char** argv) {
  std::vector<std::string> arguments;
  for (int i = argc - 1; i > 0; --i) {
    std::string each = argv[i];
    if (each.size() > 3 && each.starts_with("--") && each.find('=') == each.size() - 1) {
      arguments.emplace_back();
      each.pop_back();
    }
    arguments.push_back(std::move(each));
  }
  return arguments;
}

// CLI11 has its own exit codes, and prints: both are taken from it here.
command ended(const CLI::App& app, const CLI::ParseError& why) {
  std::ostringstream out, err;
  bool is_good = app.exit(why, out, err) == 0;
  bool is_version = dynamic_cast<const CLI::CallForVersion*>(&why) != nullptr;
  command result;
  result.what = !is_good ? command::kind::wrong_usage : is_version ? command::kind::version : command::kind::help;
  result.text = is_good ? out.str() : err.str();
  result.status = is_good ? 0 : exit_wrong_usage;
  return result;
}

}  // namespace

command parse_command_line(int argc, char** argv) {
  parser arguments;
  try {
    arguments.app.parse(in_cli11s_order(argc, argv));
  } catch (const CLI::ParseError& why) {
    return ended(arguments.app, why);
  }
  command result;
  result.flags = std::move(arguments.flags);
  result.file = std::move(arguments.file);
  result.from = std::move(arguments.from);
  result.to = std::move(arguments.to);
  result.is_forced = arguments.is_forced;
  result.is_json = arguments.is_json;
  result.leaves_jobs = arguments.leaves_jobs;
  result.is_demo = arguments.is_demo;
  result.cache = std::move(arguments.question);
  if (arguments.worker->parsed())
    result.what = command::kind::worker;
  else if (arguments.seed->parsed())
    result.what = command::kind::seed;
  else if (arguments.copy->parsed())
    result.what = command::kind::copy;
  else if (arguments.doctor->parsed())
    result.what = command::kind::doctor;
  else if (arguments.backup->parsed())
    result.what = command::kind::backup;
  else if (arguments.restore->parsed())
    result.what = command::kind::restore;
  else if (arguments.openapi->parsed())
    result.what = command::kind::openapi;
  else if (arguments.cache->parsed())
    result.what = command::kind::cache;
  else if (arguments.routes->parsed())
    result.what = command::kind::routes;
  else if (arguments.is_check)
    result.what = command::kind::check_config;
  return result;
}

}  // namespace bookings
