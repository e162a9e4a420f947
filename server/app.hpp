// The composition root: the only place that names concrete classes together. It owns everything that a running server
// is made of; server/main.cpp runs it, and tests build several in one process.
#pragma once

#include "server/config.hpp"
#include "server/stores/bulk.hpp"
#include "server/stores/inspection.hpp"
#include "server/stores/store.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bookings {

// The store that the configuration names. Throws std::runtime_error where it cannot be opened.
std::unique_ptr<store> open_store(const config& settings, const secrets& secret);

// The same as the source or the target of a copy (server/stores/copy.hpp); `source` names where a target is filled from.
std::unique_ptr<bulk_source> open_bulk_source(const config& settings, const secrets& secret);
std::unique_ptr<bulk_target> open_bulk_target(const config& settings, const secrets& secret, const std::string& source);

// A look at that store which changes nothing. Throws std::runtime_error where it cannot be looked at.
std::unique_ptr<store_inspection> open_inspection(const config& settings, const secrets& secret);

// What a process does: requests, the jobs that they leave behind, or both.
enum class duty { both, requests, jobs };

// Is this a demonstration, in which an admin may switch Redis off?
enum class demonstration { no, yes };

class app {
 public:
  // `data` may be any store: tests put a gate around one. Throws where the port cannot be opened.
  app(const config& settings, const secrets& secret, std::unique_ptr<store> data, duty does = duty::both,
      demonstration is_demo = demonstration::no);
  ~app();
  app(const app&) = delete;

  // Begins to serve, on threads of its own.
  void start();
  std::uint16_t port() const noexcept;  // 0 where it takes no requests
  // Its routes, in the order in which they were added: "GET /api/bookings signed_in".
  std::vector<std::string> routes() const;
  // Is the cache in use?
  bool is_caching() const noexcept;
  // /ready says no, for a second where somebody has asked for it lately; then nothing new is accepted, what runs is
  // finished for up to ten seconds, and everything is closed.
  void drain_and_stop();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace bookings
