#include "server/completions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace bookings {
namespace {

using options = std::vector<described_option>;

// In single quotes, of a POSIX shell and of zsh.
std::string quoted(std::string_view text) {
  std::string made = "'";
  for (const char c : text) made += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return made + "'";
}

// fish knows two escapes within single quotes.
std::string quoted_for_fish(std::string_view text) {
  std::string made = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') made += '\\';
    made += c;
  }
  return made + "'";
}

// All options that stand behind a command, but the settings.
options options_of(const described_command& of) {
  auto all = of.options;
  std::ranges::copy(of.inherited, std::back_inserter(all));
  return all;
}

std::vector<std::string> names_of(const options& of) {
  std::vector<std::string> all;
  for (const auto& each : of) all.push_back(each.names.back());
  return all;
}

std::string joined(const std::vector<std::string>& words, const char* with = " ") {
  return fmt::format("{}", fmt::join(words, with));
}

// What follows an option: the same wherever it stands, which a test holds.
struct values {
  std::map<std::string, std::vector<std::string>> words;  // by the words, joined: the options
  std::vector<std::string> files, others;

  std::vector<std::string> all() const {
    auto every = files;
    std::ranges::copy(others, std::back_inserter(every));
    for (const auto& [text, names] : words) std::ranges::copy(names, std::back_inserter(every));
    return every;
  }
};

values values_of(const described_command& program) {
  values found;
  std::set<std::string> seen;
  for (const auto* command : all_commands(program)) {
    auto every = options_of(*command);
    std::ranges::copy(command->settings, std::back_inserter(every));
    for (const auto& each : every) {
      if (each.value.empty() || !seen.insert(each.names.back()).second) continue;
      if (!each.choices.empty())
        found.words[joined(each.choices)].push_back(each.names.back());
      else
        (each.value == "FILE" ? found.files : found.others).push_back(each.names.back());
    }
  }
  return found;
}

std::string paths_of(const described_command& program) {
  std::vector<std::string> all;
  for (const auto* each : all_commands(program))
    if (!each->path.empty()) all.push_back(quoted(each->path));
  return joined(all, "|");
}

// The words of the arguments behind a command, "FILE" where it is a file, empty where nothing is known of it.
std::string argument_of(const described_command& of) {
  if (of.arguments.empty()) return {};
  const auto& first = of.arguments.front();
  return first.choices.empty() ? (first.names.front() == "FILE" ? "FILE" : "") : joined(first.choices);
}

}  // namespace

std::string bash_completions(const described_command& program) {
  const auto known = values_of(program);
  std::string text = R"(# bash completions of bookings-server, as `bookings-server completions bash` prints them.
_bookings_server() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} at= word i words=
  local settings=)";
  text += quoted(joined(names_of(program.settings))) + R"(
  # "--log-level=info" is three words to bash.
  if [[ $current == = ]]; then current=
  elif [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  case $previous in
)";
  for (const auto& [words, names] : known.words)
    text += fmt::format("    {}) COMPREPLY=($(compgen -W {} -- \"$current\")); return ;;\n", joined(names, "|"),
                        quoted(words));
  if (!known.files.empty())
    text += fmt::format(
        "    {}) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); return ;;\n",
        joined(known.files, "|"));
  text += fmt::format("    {}) return ;;\n  esac\n", joined(known.others, "|"));
  text += "  for ((i = 1; i < COMP_CWORD; i++)); do\n    word=${COMP_WORDS[i]}\n    case $word in\n";
  text += fmt::format("      {}) i=$((i + 1)); [[ ${{COMP_WORDS[i]}} != = ]] || i=$((i + 1)); continue ;;\n",
                      joined(known.all(), "|"));
  text += "    esac\n    case \"$at $word\" in\n";
  text += fmt::format("      {}) at=\"$at $word\" ;;\n    esac\n  done\n  case $at in\n", paths_of(program));
  for (const auto* each : all_commands(program)) {
    std::vector<std::string> words;
    for (const auto& inner : each->commands) words.push_back(inner.name());
    const auto options = names_of(options_of(*each));
    std::ranges::copy(options, std::back_inserter(words));
    const auto argument = argument_of(*each);
    if (!argument.empty() && argument != "FILE") words.insert(words.begin(), argument);
    text += fmt::format("    {}) words={}{}", quoted(each->path), quoted(joined(words)),
                        each->takes_settings ? "\" $settings\"" : "");
    if (argument == "FILE")
      text +=
          "; [[ $current == -* ]] || { compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "
          "\"$current\"); return; }";
    text += " ;;\n";
  }
  // Options only once a dash is there: there are many.
  text += R"(  esac
  if [[ $current == -* ]]; then mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  else
    for word in $words; do [[ $word == -* || $word != "$current"* ]] || COMPREPLY+=("$word"); done
  fi
}
complete -F _bookings_server bookings-server
)";
  return text;
}

namespace {

// 'name:meaning', for _describe.
std::string described_for_zsh(const std::string& name, const std::string& meaning) {
  return quoted(name + ":" + meaning);
}

std::string list_for_zsh(const char* name, const options& of) {
  std::string text = fmt::format("{}=(\n", name);
  for (const auto& each : of) text += "        " + described_for_zsh(each.names.back(), each.meaning) + "\n";
  return text + "      )";
}

}  // namespace

std::string zsh_completions(const described_command& program) {
  const auto known = values_of(program);
  std::string text = R"(#compdef bookings-server
# zsh completions of bookings-server, as `bookings-server completions zsh` prints them.
_bookings_server() {
  local at= word previous=$words[CURRENT-1] i
  local -a commands options settings
  if [[ $PREFIX == --*=* ]]; then
    previous=${PREFIX%%=*}
    compset -P '*='
  fi
  case $previous in
)";
  for (const auto& [words, names] : known.words)
    text += fmt::format("    ({}) compadd -- {}; return ;;\n", joined(names, "|"), words);
  if (!known.files.empty()) text += fmt::format("    ({}) _files; return ;;\n", joined(known.files, "|"));
  text += fmt::format("    ({}) _message value; return 1 ;;\n  esac\n", joined(known.others, "|"));
  text += fmt::format(R"(  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    case $word in
      ({}) ((i++)); continue ;;
    esac
    case "$at $word" in
      ({}) at="$at $word" ;;
    esac
  done
  {}
  case $at in
)",
                      joined(known.all(), "|"), paths_of(program), list_for_zsh("settings", program.settings));
  for (const auto* each : all_commands(program)) {
    text += fmt::format("    ({})\n", quoted(each->path));
    if (!each->commands.empty()) {
      text += "      commands=(\n";
      for (const auto& inner : each->commands)
        text += "        " + described_for_zsh(inner.name(), inner.meaning) + "\n";
      text += "      )\n";
    }
    text += "      " + list_for_zsh("options", options_of(*each)) + "\n";
    if (!each->takes_settings) text += "      settings=()\n";
    const auto argument = argument_of(*each);
    if (argument == "FILE")
      text += "      [[ $PREFIX == -* ]] || { _files; return }\n";
    else if (!argument.empty())
      text += fmt::format("      [[ $PREFIX == -* ]] || {{ compadd -- {}; return }}\n", argument);
    text += "      ;;\n";
  }
  text += R"(  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option options -- settings
  else
    (( $#commands )) && _describe command commands
  fi
}
if [[ $funcstack[1] == _bookings_server ]]; then _bookings_server "$@"; else compdef _bookings_server bookings-server; fi
)";
  return text;
}

namespace {

std::string for_fish(const std::string& condition, const described_option& each) {
  auto line = fmt::format("complete -c bookings-server -n {} -l {} -d {}", quoted_for_fish(condition),
                          each.names.back().substr(2), quoted_for_fish(each.meaning));
  if (each.names.front().size() == 2) line += " -s " + each.names.front().substr(1);
  if (!each.choices.empty())
    line += " -x -a " + quoted_for_fish(joined(each.choices));
  else if (each.value == "FILE")
    line += " -r -F";
  else if (!each.value.empty())
    line += " -x";
  return line + "\n";
}

}  // namespace

std::string fish_completions(const described_command& program) {
  const auto known = values_of(program);
  std::vector<std::string> without;
  for (const auto* each : all_commands(program))
    if (!each->takes_settings) without.push_back(quoted_for_fish(each->path));
  auto paths = paths_of(program);
  std::ranges::replace(paths, '|', ' ');
  std::string text =
      fmt::format(R"(# fish completions of bookings-server, as `bookings-server completions fish` prints them.
function __bookings_server_at
    set -l at ''
    set -l skips no
    for word in (commandline -opc)[2..-1]
        if test $skips = yes
            set skips no
            continue
        end
        switch $word
            case {}
                set skips yes
                continue
        end
        if contains -- "$at $word" {}
            set at "$at $word"
        end
    end
    test "$argv" = settings; and not contains -- "$at" {}; and return 0
    test "$at" = "$argv"
end
complete -c bookings-server -f
)",
                  joined(known.all()), paths, joined(without));
  for (const auto* each : all_commands(program)) {
    const auto condition = "__bookings_server_at " + quoted_for_fish(each->path);
    for (const auto& inner : each->commands)
      text += fmt::format("complete -c bookings-server -n {} -a {} -d {}\n", quoted_for_fish(condition), inner.name(),
                          quoted_for_fish(inner.meaning));
    for (const auto& option : options_of(*each)) text += for_fish(condition, option);
    const auto argument = argument_of(*each);
    if (argument == "FILE")
      text += fmt::format("complete -c bookings-server -n {} -F\n", quoted_for_fish(condition));
    else if (!argument.empty())
      text += fmt::format("complete -c bookings-server -n {} -a {}\n", quoted_for_fish(condition),
                          quoted_for_fish(argument));
  }
  for (const auto& each : program.settings) text += for_fish("__bookings_server_at settings", each);
  return text;
}

}  // namespace bookings
