// What the program can be called with, as data: commands, options, what they mean. It is read from the parser itself
// (command_line.cpp), so --help, completions and the manual page cannot tell of anything else than is parsed.
#pragma once

#include <string>
#include <vector>

namespace bookings {

struct described_option {
  std::vector<std::string> names;    // "--json"; of an argument without a name, "FILE"
  std::string value;                 // "URL", "FILE", "N"; empty: it takes none
  std::vector<std::string> choices;  // the words that the value may be, where no others are
  std::string meaning;               // one line
  std::string group;                 // of a setting: its heading in the help
};

struct described_command {
  std::string path;     // " cache stats"; of the program itself, ""
  std::string meaning;  // one line
  std::string note;     // what its help ends with; empty: what the program's ends with
  std::vector<described_option> options, inherited, arguments;
  std::vector<described_option> settings;  // a flag for each variable of the configuration: of the program itself alone
  bool takes_settings = false;             // may they stand behind this command as well?
  std::vector<described_command> commands;

  std::string name() const { return path.substr(path.rfind(' ') + 1); }
};

// Of the whole program; commands that are for our tests alone are left out.
described_command describe_program();

// Each command, the program itself first, in the order of the help.
std::vector<const described_command*> all_commands(const described_command& program);

}  // namespace bookings
