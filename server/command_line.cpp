#include "server/command_line.hpp"

#include "server/command_description.hpp"
#include "server/completions.hpp"
#include "server/config_table.hpp"
#include "server/man_page.hpp"
#include "server/ops/seed_sizes.hpp"
#include "server/spelling.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <sstream>
#include <string_view>
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
    auto value = fmt::format("{}", fmt::join(row.choices, "|"));
    if (row.name.ends_with("_FILE")) value = "FILE";
    app.add_option_function<std::string>(flag_of(row.name), take, help)->type_name(value)->group(row.group);
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
  CLI::App* completions = nullptr;
  CLI::App* man = nullptr;
  CLI::App* routes = nullptr;
  CLI::App* cache = nullptr;
  cache_question question;
  bool is_check = false, is_forced = false, leaves_jobs = false, is_demo = false, is_json = false;
  std::string file, from, to, shell;
  seed_wish wish;
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
    add_seed();
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
    completions = app.add_subcommand("completions", "Print a script that completes this program's command line");
    completions->add_option("SHELL", shell, "The shell")->required()->type_name("bash|zsh|fish")->check(one_of({"bash", "zsh", "fish"}));
    completions->footer("For this session: source <(bookings-server completions bash). The package installs all three.");
    man = app.add_subcommand("man", "Print the manual page");
    man->footer("To read it: bookings-server man | man -l -. The package installs it.");
    routes = app.add_subcommand("routes", "Print the routes: method, pattern, who may call it")->fallthrough();
    routes->group("");  // for our tests: not in the help
    add_flags(app, flags);
  }

  // The type's name says the words; CLI11 would say them again.
  static CLI::Validator one_of(std::vector<std::string> words) { return CLI::IsMember(std::move(words)).description(""); }

  void add_seed() {
    seed = app.add_subcommand("seed", "Put demo data into an empty store; where there is data, leave it as it is");
    seed->fallthrough();
    std::vector<std::string> names;
    std::string sizes = "How much:";
    for (const auto& each : seed_sizes()) {
      names.emplace_back(each.name);
      sizes += fmt::format("{} {} ({} students, {} teachers, {} gigs, {} bookings)", names.size() > 1 ? "," : "", each.name,
                           each.students, each.teachers, each.gigs, each.bookings);
    }
    seed->add_option("--size", wish.size, sizes + " [small]")->type_name(fmt::format("{}", fmt::join(names, "|")))->check(one_of(names));
    const auto number = [&](const char* flag, std::optional<int>& count, const char* what, seed_limit most) {
      seed->add_option(flag, count, fmt::format("{} to {} {}, whatever the size has", most.least, most.most, what))
          ->type_name("N")
          ->check(CLI::Range(most.least, most.most).description(""));
    };
    number("--students", wish.students, "students", most_students);
    number("--teachers", wish.teachers, "teachers", most_teachers);
    number("--gigs", wish.gigs, "gigs", most_gigs);
    number("--bookings", wish.bookings, "bookings", most_bookings);
    seed->add_option("--random-seed", wish.random_seed, "The same number and counts make the same data, but for ids [2026]")->type_name("N");
    seed->add_flag("--json", is_json, "Print one JSON object");
    seed->footer("Exit status: 0 done, also where there is data and nothing was written; 1 failed or interrupted; 2 wrong usage\n"
                 "or configuration.");
  }

  void add_cache() {
    cache = app.add_subcommand("cache", "Ask a running server about its cache, or Redis itself, or purge it");
    cache->fallthrough()->require_subcommand(1);
    auto* server = cache->add_option("--server", question.server, "The server [http://HOST:PORT]")->type_name("URL");
    cache->add_option("--token-file", question.token_file, "A file with an admin's token, - for the standard input "
                      "[sign in with ADMIN_EMAIL and ADMIN_PASSWORD]")->type_name("FILE");
    cache->add_flag("--direct", question.is_direct, "Without a server: look at REDIS_URL and STORE_URL themselves")->excludes(server);
    cache->add_flag("--json", question.is_json, "JSON, one value a line");
    auto* stats = cache->add_subcommand("stats", "Hits, misses, fills and invalidations of each prefix; with --direct, what lies in Redis")->fallthrough();
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

// The command that the arguments came to, and the commands around it, the program itself last.
std::vector<const CLI::App*> reached(const CLI::App& app) {
  std::vector<const CLI::App*> all{&app};
  for (const auto* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    all.insert(all.begin(), at);
  }
  return all;
}

// " Did you mean --port?", where something like `given` is known there; else empty.
std::string suggestion(const CLI::App& app, std::string given) {
  given = given.substr(0, given.find('='));
  std::vector<std::string> known;
  const auto path = reached(app);
  for (const auto* each : path) {
    for (const auto* option : each->get_options())
      for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    if (each != path.front() && !each->get_fallthrough() && each->get_parent() != nullptr) break;
  }
  for (const auto* each : path.front()->get_subcommands({}))
    if (!each->get_group().empty()) known.push_back(each->get_name());
  const std::vector<std::string_view> names(known.begin(), known.end());
  const auto nearest = nearest_name(given, names);
  return nearest ? fmt::format(" Did you mean {}?", *nearest) : std::string();
}

// What was wrong, and which help tells more. CLI11 names what it did not expect last first.
std::string complaint(const CLI::App& app, const CLI::ParseError& why) {
  std::string text = why.what();
  const auto extra = app.remaining(true);
  // Where a command is missing, what was written in its place is extra.
  const bool has_extra = dynamic_cast<const CLI::ExtrasError*>(&why) != nullptr || dynamic_cast<const CLI::RequiredError*>(&why) != nullptr;
  if (has_extra && !extra.empty()) {
    const auto wrong = std::ranges::find_if(extra, [](const std::string& each) { return each.starts_with('-'); });
    const auto& first = wrong != extra.end() ? *wrong : extra.front();
    text = (first.starts_with('-') ? "unknown option " : "unexpected argument ") + first + "." + suggestion(app, first);
  }
  std::string called;
  for (const auto* each : reached(app)) called = each->get_name() + (called.empty() ? "" : " ") + called;
  return fmt::format("bookings-server: {}\nRun {} --help for more information.\n", text, called);
}

// CLI11 has its own exit codes, and prints: both are taken from it here.
command ended(const CLI::App& app, const CLI::ParseError& why) {
  command result;
  if (why.get_exit_code() != 0) {
    result.what = command::kind::wrong_usage;
    result.text = complaint(app, why);
    result.status = exit_wrong_usage;
    return result;
  }
  std::ostringstream out, err;
  app.exit(why, out, err);
  const bool is_version = dynamic_cast<const CLI::CallForVersion*>(&why) != nullptr;
  result.what = is_version ? command::kind::version : command::kind::help;
  result.text = out.str();
  return result;
}

// description -------------------------------------------------------------------------------------------------

described_option describe(const CLI::Option& from) {
  described_option one;
  for (const auto& name : from.get_snames()) one.names.push_back("-" + name);
  for (const auto& name : from.get_lnames()) one.names.push_back("--" + name);
  if (one.names.empty()) one.names.push_back(from.get_name(true));
  one.meaning = from.get_description();
  if (from.get_items_expected_max() == 0) return one;
  one.value = from.get_type_name();
  if (one.value.find('|') != std::string::npos) {
    std::istringstream words(one.value);
    for (std::string word; std::getline(words, word, '|');) one.choices.push_back(word);
  }
  if (one.value.empty()) one.value = "VALUE";
  return one;
}

described_command describe(const CLI::App& app, const std::string& path, const std::vector<described_option>& inherited) {
  described_command one;
  one.path = path;
  one.meaning = app.get_description();
  // A command without an ending of its own has the one around it.
  if (app.get_parent() == nullptr || app.get_footer() != app.get_parent()->get_footer()) one.note = app.get_footer();
  one.takes_settings = app.get_parent() == nullptr || app.get_fallthrough();
  one.inherited = inherited;
  std::vector<described_option> for_inner;
  for (const auto* option : app.get_options()) {
    auto made = describe(*option);
    if (option->get_positional()) {
      one.arguments.push_back(std::move(made));
    } else if (option->get_group() != "Options") {
      made.group = option->get_group();
      one.settings.push_back(std::move(made));
    } else {
      if (app.get_parent() != nullptr && option != app.get_help_ptr()) for_inner.push_back(made);
      one.options.push_back(std::move(made));
    }
  }
  for (const auto* inner : app.get_subcommands({}))
    if (!inner->get_group().empty()) one.commands.push_back(describe(*inner, path + " " + inner->get_name(), for_inner));
  return one;
}

void collect(const described_command& from, std::vector<const described_command*>& to) {
  to.push_back(&from);
  for (const auto& each : from.commands) collect(each, to);
}

std::string completions_for(const std::string& shell) {
  const auto program = describe_program();
  if (shell == "zsh") return zsh_completions(program);
  if (shell == "fish") return fish_completions(program);
  return bash_completions(program);
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
  result.seed = std::move(arguments.wish);
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
  else if (arguments.completions->parsed())
    result.what = command::kind::completions, result.text = completions_for(arguments.shell);
  else if (arguments.man->parsed())
    result.what = command::kind::man, result.text = man_page(describe_program(), REPRISE_VERSION);
  else if (arguments.cache->parsed())
    result.what = command::kind::cache;
  else if (arguments.routes->parsed())
    result.what = command::kind::routes;
  else if (arguments.is_check)
    result.what = command::kind::check_config;
  return result;
}

described_command describe_program() { return describe(parser().app, "", {}); }

std::vector<const described_command*> all_commands(const described_command& program) {
  std::vector<const described_command*> all;
  collect(program, all);
  return all;
}

}  // namespace bookings
