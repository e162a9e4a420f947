// A server on cpp-httplib: the list of notes is cached, for everybody and by tag; a new note invalidates it.
//
//   httplib_example PORT REDIS_PORT
#include "cached_routes.hpp"

#include <csignal>
#include <iostream>
#include <mutex>

using namespace std::chrono_literals;

namespace {

struct note {
  std::string tag, text;
};
std::mutex mutex;
std::vector<note> notes;  // stand for a database
httplib::Server* running = nullptr;

void list_notes(const httplib::Request& request, httplib::Response& reply) {
  const auto tag = request.get_param_value("tag");
  std::string text;
  const std::lock_guard lock(mutex);
  for (const auto& each : notes)
    if (tag.empty() || each.tag == tag) text += each.text + "\n";
  reply.set_content(text, "text/plain");
}

}  // namespace

int main(int, char** arguments) {
  reprise::redis_options redis;
  redis.port = static_cast<std::uint16_t>(std::stoi(arguments[2]));
  cached_routes routes(redis, reprise::make_volatile_log());
  httplib::Server server;

  const reprise::cache_policy policy{
      .prefix = "notes", .ttl = 600s, .vary_query = {"tag"}, .audience = reprise::audience::shared};
  server.Get("/notes", routes.cached(policy, [](const auto&) { return cached_routes::asker(); }, list_notes));
  server.Post("/notes", [&](const httplib::Request& request, httplib::Response& reply) {
    {
      const std::lock_guard lock(mutex);
      notes.push_back({request.get_param_value("tag"), request.body});
    }
    const bool is_seen = routes.invalidate({reprise::scope::shared("notes").value()});
    reply.status = is_seen ? 201 : 503;
  });

  if (!server.bind_to_port("127.0.0.1", std::stoi(arguments[1]))) return 1;
  running = &server;
  std::signal(SIGTERM, [](int) { running->stop(); });
  std::cout << "http://127.0.0.1:" << arguments[1] << '\n' << std::flush;
  return server.listen_after_bind() ? 0 : 1;
}
