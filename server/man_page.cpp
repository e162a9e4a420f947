#include "server/man_page.hpp"

#include <fmt/format.h>

namespace bookings {
namespace {

// Text between macros: no backslash is an escape, no dash a hyphen, and no line a macro.
std::string escaped(std::string_view text) {
  std::string made;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) made += "\\&";
    begins = c == '\n';
    if (c == '\\')
      made += "\\e";
    else if (c == '-')
      made += "\\-";
    else if (c == '\n')
      made += ' ';
    else
      made += c;
  }
  return made;
}

std::string bold(std::string_view text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + escaped(text) + "\\fR"; }

std::string option_text(const described_option& of) {
  std::string names;
  for (const auto& each : of.names) names += (names.empty() ? "" : ", ") + bold(each);
  if (!of.value.empty()) names += " " + italic(of.value);
  return fmt::format(".TP\n{}\n{}.\n", names, escaped(of.meaning));
}

std::string synopsis(const described_command& of) {
  auto text = bold("bookings-server" + of.path);
  if (!of.options.empty()) text += " [" + italic("options") + "]";
  for (const auto& each : of.arguments) text += " " + italic(each.names.front());
  return text;
}

std::string command_text(const described_command& of) {
  std::string text = fmt::format(".SS {}\n{}.\n", synopsis(of), escaped(of.meaning));
  for (const auto& each : of.options)
    if (each.names.back() != "--help") text += option_text(each);
  for (const auto& each : of.arguments) {
    auto shown = each;
    shown.value.clear();
    for (const auto& word : each.choices) shown.meaning += (&word == &each.choices.front() ? ": " : ", ") + word;
    text += option_text(shown);
  }
  if (!of.note.empty()) text += fmt::format(".PP\n{}\n", escaped(of.note));
  return text;
}

constexpr const char* description = R"(.SH DESCRIPTION
The backend of a tutoring marketplace, with a response cache on Redis or Valkey that never serves a list older than the
last write acknowledged to anybody.
Without a command it serves.
.PP
Its data is in an SQLite file, or in MongoDB where
.B STORE_URL
says so.
)";

constexpr const char* ending = R"(.SH FILES
.TP
.I .env
In the working directory: lines of the form NAME=VALUE, read before the environment.
.TP
.I data/bookings.db
The store, where
.B STORE_URL
names no other one.
.TP
.I /etc/bookings\-server/environment
The service's environment, where the package has installed it.
.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
It failed, or was interrupted; the message says what, where and what to do.
Of
.BR doctor :
something is bad.
.TP
.B 2
Wrong usage or configuration, which is told on the standard error.
.SH SIGNALS
.TP
.BR SIGINT ", " SIGTERM
The server finishes what is under way, for ten seconds at most, and ends.
Commands that write end between two steps, and leave nothing half written.
.TP
.B SIGHUP
The server reads
.B LOG_LEVEL
again.
.SH EXAMPLES
.nf
bookings\-server seed \-\-size medium
bookings\-server serve \-\-redis\-url redis://127.0.0.1:6379
bookings\-server cache stats \-\-watch
bookings\-server doctor
.fi
.SH SEE ALSO
.BR redis\-server (1),
.BR systemctl (1)
)";

}  // namespace

std::string man_page(const described_command& program, const std::string& version) {
  auto text = fmt::format(
      ".\\\" As `bookings-server man` prints it.\n.TH BOOKINGS\\-SERVER 1 \"\" \"bookings\\-server {}\" \"User "
      "Commands\"\n"
      ".SH NAME\nbookings\\-server \\- serve, fill, copy and examine a tutoring marketplace\n.SH SYNOPSIS\n",
      escaped(version));
  bool is_first = true;
  for (const auto* each : all_commands(program)) {
    if (each->path.empty() || !each->commands.empty()) continue;
    text += (is_first ? "" : ".br\n") + synopsis(*each) + "\n";
    is_first = false;
  }
  text += description;
  text += ".SH OPTIONS\n";
  for (const auto& each : program.options) text += option_text(each);
  text += ".SH COMMANDS\n";
  for (const auto* each : all_commands(program))
    if (!each->path.empty()) text += command_text(*each);
  text += ".SH ENVIRONMENT\n" + escaped(program.note) + "\n";
  std::string group;
  for (const auto& each : program.settings) {
    if (each.group != group) text += ".SS " + escaped(group = each.group) + "\n";
    text += option_text(each);
  }
  return text + ending;
}

}  // namespace bookings
