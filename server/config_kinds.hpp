// The kinds of values that rows of the configuration table take: each is what is allowed, in words, and the function
// that checks a value and puts it into its field. For server/config_table.cpp alone.
#pragma once

#include "server/config_table.hpp"

#include <functional>
#include <utility>

namespace bookings::config_kinds {

using setter = std::function<std::optional<problem>(std::string_view, config_draft&)>;

struct kind {
  std::string allowed;
  setter set;
  exposure shows = exposure::shown;
  std::vector<std::string> choices = {};  // where only these words are allowed
};

// The field of a draft that a pointer to a member names, whichever part it is a member of.
template <class T>
T& field_of(config_draft& draft, T config::*field) { return draft.value.*field; }
template <class T>
T& field_of(config_draft& draft, T secrets::*field) { return draft.secret.*field; }
template <class T>
T& field_of(config_draft& draft, T config_draft::*field) { return draft.*field; }

// Puts a value that was parsed into its field, or says what is wrong with it.
template <class T, class Owner, class Field>
std::optional<problem> put(const parsed<T>& found, Field Owner::*field, config_draft& draft) {
  if (!found) return found.error();
  field_of(draft, field) = static_cast<Field>(*found);
  return {};
}

template <class Owner, class Field>
kind number(Field Owner::*field, std::int64_t least, std::int64_t most) {
  return {"a whole number from " + std::to_string(least) + " to " + std::to_string(most),
          [=](std::string_view value, config_draft& draft) {
            return put(parse_whole_number(value, least, most), field, draft);
          }};
}

kind duration(std::chrono::seconds config::*field, std::chrono::seconds least, std::chrono::seconds most);
kind size(std::uint64_t config::*field, std::uint64_t most);

template <class Field>
kind one_of(Field config::*field, std::vector<std::pair<std::string_view, Field>> choices) {
  std::string allowed;
  std::vector<std::string> words;
  for (const auto& each : choices) {
    if (!allowed.empty()) allowed += &each == &choices.back() ? " or " : ", ";
    allowed += each.first;
    words.emplace_back(each.first);
  }
  return {allowed, [=](std::string_view value, config_draft& draft) -> std::optional<problem> {
            for (const auto& each : choices)
              if (each.first == value) return put(parsed<Field>(each.second), field, draft);
            return problem{"is none of the choices"};
          }, exposure::shown, std::move(words)};
}

// An address or a name. IPv6 may stand in brackets, which are cut.
parsed<std::string> parse_host(std::string_view value);
template <class Owner, class Field>
kind host(Field Owner::*field) {
  return {"an IP address or a host name",
          [=](std::string_view value, config_draft& draft) { return put(parse_host(value), field, draft); }};
}

kind text(std::optional<std::string> config::*field, std::size_t least_bytes, std::size_t most_bytes);
kind hidden_text(std::optional<std::string> secrets::*field, std::size_t least_bytes, std::size_t most_bytes);

// A file that can be read.
kind file(std::optional<std::filesystem::path> config::*field);

enum class transport { any, secure };  // secure: https, or http to this machine
parsed<std::string> parse_url(std::string_view value, transport allowed);
template <class Field>
kind url(Field config::*field, transport how) {
  return {how == transport::any ? "http://host[:port][/path] or https://…"
                                : "https://host[:port][/path], or http:// for localhost",
          [=](std::string_view value, config_draft& draft) { return put(parse_url(value, how), field, draft); },
          exposure::hidden};
}

// Lists with commas: origins as browsers send them (RFC 6454), and addresses or networks (10.0.0.0/8).
kind origins(std::vector<std::string> config::*field);
kind networks(std::vector<std::string> config::*field);

// What only one variable takes.
kind redis(std::optional<redis_url> config_draft::*field);
kind queue_redis();
kind store_url();
kind mongo_collections();
kind mongo_fields();
kind deployment_id();
kind jwt_secrets();
kind admin_email();
kind trace_headers();
kind trace_sampler();
kind trace_ratio();

}  // namespace bookings::config_kinds
