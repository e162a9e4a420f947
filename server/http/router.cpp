#include "server/http/router.hpp"

#include "server/http/target.hpp"

#include <boost/beast/http/verb.hpp>

#include <algorithm>
#include <stdexcept>

namespace bookings::http {

using verb = boost::beast::http::verb;

// A segment of the tree. Few children each, so a scan beats a map.
struct router::node {
  std::vector<std::pair<std::string, std::unique_ptr<node>>> texts;
  std::unique_ptr<node> any;                             // the child for ":name"
  std::vector<std::pair<verb, const route*>> endpoints;  // the routes whose pattern ends here

  node* text_child(std::string_view segment) const noexcept {
    for (const auto& [text, child] : texts) {
      if (text == segment) return child.get();
    }
    return nullptr;
  }
  const route* endpoint(verb method) const noexcept {
    for (const auto& [known, found] : endpoints) {
      if (known == method) return found;
    }
    return nullptr;
  }
};

namespace {

// Splits "/a/b" into its first segment, which it returns, and the rest "/b". REQUIRES: path begins with "/".
std::string_view next_segment(std::string_view& path) noexcept {
  path.remove_prefix(1);
  const auto end = std::min(path.find('/'), path.size());
  const auto segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

}  // namespace

std::string_view to_text(access who) noexcept {
  switch (who) {
    case access::anyone: return "anyone";
    case access::signed_in: return "signed_in";
    case access::student: return "student";
    case access::teacher: return "teacher";
    case access::admin: return "admin";
  }
  return "";
}

router::router() : root_(std::make_unique<node>()) {}
router::~router() = default;

void router::add(route what) {
  if (!what.pattern.starts_with('/')) throw std::logic_error("a route's pattern begins with /: " + what.pattern);
  node* at = root_.get();
  for (std::string_view rest = what.pattern; !rest.empty();) {
    const auto segment = next_segment(rest);
    if (segment.starts_with(':')) {
      if (!at->any) at->any = std::make_unique<node>();
      at = at->any.get();
    } else {
      node* child = at->text_child(segment);
      if (!child) child = at->texts.emplace_back(segment, std::make_unique<node>()).second.get();
      at = child;
    }
  }
  if (at->endpoint(what.method)) throw std::logic_error("this route is there already: " + what.pattern);
  routes_.push_back(std::make_unique<route>(std::move(what)));
  at->endpoints.emplace_back(routes_.back()->method, routes_.back().get());
}

namespace {

// What the walk through the tree looks for, and what it has found.
struct search {
  verb wanted;
  const route* found = nullptr;
  std::vector<verb> others;  // methods of the nodes that match the path but not the method
};

// Depth first, text before ":name", and back again where a branch has not the method: PUT /users/me and GET /users/:id
// may stand side by side. Deep as the tree is, which is what bounds it, not the path.
template <class Node>
void walk(const Node& at, std::string_view rest, search& state) {
  if (rest.empty()) {
    state.found = at.endpoint(state.wanted);
    if (!state.found) {
      for (const auto& endpoint : at.endpoints) state.others.push_back(endpoint.first);
    }
    return;
  }
  const auto segment = next_segment(rest);
  const bool encoded = segment.find('%') != segment.npos;
  if (const auto* child = encoded ? at.text_child(decode_segment(segment)) : at.text_child(segment)) {
    walk(*child, rest, state);
  }
  if (!state.found && at.any && !segment.empty()) walk(*at.any, rest, state);
}

parameters values_of(std::string_view pattern, std::string_view path) {
  parameters values;
  while (!pattern.empty()) {
    const auto name = next_segment(pattern);
    const auto segment = next_segment(path);
    if (name.starts_with(':')) values.emplace_back(name.substr(1), decode_segment(segment));
  }
  return values;
}

// What 405 says in Allow: HEAD wherever GET.
std::vector<std::string> allowed_names(const std::vector<verb>& methods) {
  std::vector<std::string> names;
  for (const auto method : methods) {
    names.emplace_back(boost::beast::http::to_string(method));
    if (method == verb::get) names.emplace_back("HEAD");
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

router::match router::find(verb method, std::string_view path) const {
  match answer;
  if (!path.starts_with('/')) return answer;
  search state{method == verb::head ? verb::get : method, nullptr, {}};
  walk(*root_, path, state);
  if (state.found) {
    answer.found = state.found;
    answer.path_values = values_of(state.found->pattern, path);
  } else {
    answer.allowed = allowed_names(state.others);
  }
  return answer;
}

const std::vector<std::unique_ptr<route>>& router::routes() const noexcept { return routes_; }

}  // namespace bookings::http
