# Varnish in front of bookings-server without a cache. Each token is a user of its own in the key, and is not checked; what
# the origin says of caching (private, no-cache) is overridden, or nothing would be kept; nothing invalidates.
# Words in @ are put in by bench/http/candidates.py.
vcl 4.1;

backend origin { .host = "127.0.0.1"; .port = "@PORT@"; }

sub vcl_recv { return (hash); }

sub vcl_hash {
  hash_data(req.url);
  hash_data(req.http.Authorization);
  return (lookup);
}

sub vcl_backend_response {
  unset beresp.http.Vary;
  set beresp.uncacheable = false;
  set beresp.ttl = 1h;
  return (deliver);
}

sub vcl_deliver {
  if (obj.hits > 0) { set resp.http.X-Cache = "HIT"; } else { set resp.http.X-Cache = "MISS"; }
}
